"""The app's registration with Django, and of incidents as a carrier of values."""

from django.apps import AppConfig


class IncidentsConfig(AppConfig):
    """See the package's docstring."""

    name = "incidents"

    def ready(self) -> None:
        """Incidents carry values; no attribute may take the name of a field of theirs."""
        from attributes import hosts
        from attributes.hosts import Host
        from incidents import counts
        from incidents.codes import codes
        from incidents.fields import KNOWN
        from incidents.models import Incident, Kind
        from incidents.queries import missing

        hosts.register(
            Host(
                Incident,
                reserved=frozenset(name.lower() for name in KNOWN),
                kind="type",
                stage="status",
                kinds=lambda: codes.now().of(Kind.TYPE),
                stages=lambda: codes.now().of(Kind.STATUS),
                missing=missing,
                count=counts.everywhere,
                miscounted=counts.miscounted,
                recount=counts.recount,
            )
        )
