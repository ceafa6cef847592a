"""From a parsed query to a plan, its rollups and its SQL."""
