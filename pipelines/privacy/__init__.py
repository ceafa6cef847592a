"""Personal data: tokens in the warehouse, clear values in a vault apart, and their erasure."""
