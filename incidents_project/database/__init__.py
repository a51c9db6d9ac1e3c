"""PostgreSQL: the embedded server, its roles, and what every table shares."""
