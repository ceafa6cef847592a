"""Checks of what was loaded and built, and the waivers of their findings."""
