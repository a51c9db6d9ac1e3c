"""The ``/v1/incident/attributes`` calls."""
