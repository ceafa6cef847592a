"""Rollups: built inside a version, and suggested from the queries that were slow."""
