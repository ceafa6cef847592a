"""The business data dictionary: every question, measure, mart and parameter in business words."""

from pipelines.documents.dictionary.pages import write_dictionary

__all__ = ["write_dictionary"]
