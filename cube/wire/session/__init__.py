"""Connections, sessions and portals of PostgreSQL clients."""
