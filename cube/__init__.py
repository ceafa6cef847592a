"""The cube layer: a stock Cube data model and the server that answers it."""
