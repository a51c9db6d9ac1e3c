"""Django's PostgreSQL backend, with fewer messages between the service and the server."""
