"""The management report: analyses of the published version as one offline page."""

from pipelines.documents.report.page import write_report

__all__ = ["write_report"]
