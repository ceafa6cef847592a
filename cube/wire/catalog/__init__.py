"""The catalog of a PostgreSQL server, with what one user may see."""
