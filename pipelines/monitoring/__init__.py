"""How each feed and version stands, for people and for their alerts."""
