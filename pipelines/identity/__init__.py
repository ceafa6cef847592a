"""One customer out of many systems: exact documents, linkage, review, their history."""
