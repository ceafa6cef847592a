"""``python -m pipelines.cli``: the command ``bankcrm``."""

from __future__ import annotations

from pipelines.cli import app

app()
