"""The YAML of the model, compiled and checked once."""
