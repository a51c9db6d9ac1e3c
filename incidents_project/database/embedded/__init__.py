"""The product's PostgreSQL backend on the embedded server."""
