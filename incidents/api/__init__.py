"""The ``/v1/incident`` calls."""
