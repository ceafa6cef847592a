"""Operating the refresh: steps, journal, checks, alerts, backup, status."""
