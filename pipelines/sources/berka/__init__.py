"""The PKDD'99 (Berka) bank as nightly extracts: a real bank to replay, and an adapter to copy."""

from pipelines.sources.berka.adapter import make_berka_extracts
from pipelines.sources.berka.summary import BalanceCheck, BerkaSummary, LeftOut

__all__ = ["BalanceCheck", "BerkaSummary", "LeftOut", "make_berka_extracts"]
