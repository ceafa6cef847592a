"""Adapters that turn a bank into extracts: the generated sample bank and PKDD 99."""
