"""The cubes as tables of a PostgreSQL server, for the tools that speak its protocol."""
