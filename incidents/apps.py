"""The app's registration with Django, and of incidents as a carrier of values."""

from django.apps import AppConfig


class IncidentsConfig(AppConfig):
    """See the package's docstring."""

    name = "incidents"

    def ready(self) -> None:
        """Incidents carry values; no attribute may take the name of a field of theirs."""
        from attributes import hosts
        from incidents.codes import codes
        from incidents.fields import KNOWN
        from incidents.models import Incident, Kind
        from incidents.queries import missing

        hosts.register(
            Incident,
            reserved=KNOWN,
            kinds=lambda: codes.now().of(Kind.TYPE),
            stages=lambda: codes.now().of(Kind.STATUS),
            missing=missing,
        )
