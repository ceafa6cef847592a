"""The words of the explorer cover the codes that the marts deliver."""

from __future__ import annotations

import re

import pytest

from bankcrm.settings import PROJECT_FOLDER

MODEL = PROJECT_FOLDER / "models" / "marts" / "facts" / "fct_customer_monthly.sql"
TEXTS = PROJECT_FOLDER / "cube" / "explorer" / "src" / "i18n"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_cause_of_a_customer_below_marginal_cost_has_its_word(language: str) -> None:
    case = MODEL.read_text("utf-8").partition("as below_cost_cause")[0].rpartition("greatest")[2]
    delivered = set(re.findall(r"'([A-Z_]+)'", case))
    (listed,) = re.findall(r"causes: \{(.*?)\}", (TEXTS / f"{language}.ts").read_text("utf-8"))
    assert delivered
    assert set(re.findall(r"([A-Z_]+):", listed)) == delivered
