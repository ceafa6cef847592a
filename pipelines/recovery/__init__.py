"""Backups, and how a home comes back from one."""
