"""PostgreSQL statements over views become queries of the cubes."""
