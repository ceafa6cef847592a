"""Contracts of the feeds as data, and what is rendered from them."""
