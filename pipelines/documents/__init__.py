"""Pages and reports that are written for people."""
