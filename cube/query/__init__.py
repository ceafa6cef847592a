"""A query as clients send it, parsed and checked without a model."""
