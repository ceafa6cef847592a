"""The Excel workbook: tables of the main questions, ready for pivots, with the rights of a role."""

from cube.export.export import Export, Order, export_workbook

__all__ = ["Export", "Order", "export_workbook"]
