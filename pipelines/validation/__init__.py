"""Is a delivered file fit to load, and which of its rows are not?"""
