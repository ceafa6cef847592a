"""What a workbook says around its tables, in both languages."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict

from cube.export.definitions import Language

WORDS_FILE = Path(__file__).with_name("words.yml")


class Words(BaseModel):
    """Texts of the workbook in one language; those with braces are filled in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    about: str
    refresh: str
    as_of: str
    version: str
    period: str
    filters: str
    none: str
    user: str
    groups: str
    made: str
    sheet: str
    holds: str
    rows: str
    adds_up: str
    left_out: str
    unseen: str
    numbers: str
    steps_title: str
    steps: tuple[str, ...]


@cache
def load_words(language: Language) -> Words:
    """The texts of a language."""
    content = yaml.safe_load(WORDS_FILE.read_text(encoding="utf-8"))
    return Words.model_validate(content[language])
