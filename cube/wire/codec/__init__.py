"""Values and rows as bytes of the PostgreSQL protocol."""
