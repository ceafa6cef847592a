"""The sample bank: a seeded, deterministic commercial bank that delivers every feed."""

from pipelines.sources.sample.bank import SampleSummary, make_sample_bank

__all__ = ["SampleSummary", "make_sample_bank"]
