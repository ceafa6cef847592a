"""The published version, as its writer and its readers share it."""
