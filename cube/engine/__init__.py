"""Runs statements on a published version: slots, single flight, cache, cancel."""
