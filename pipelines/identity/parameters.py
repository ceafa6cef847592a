"""The parameters of record linkage, read once from ``parameters.yml``."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from bankcrm.errors import ContractError
from pipelines.contracts.contract import CheckDigitScheme
from pipelines.identity.blocks import BLOCK_RULES

PARAMETERS_FILE = Path(__file__).parent / "parameters.yml"
Attribute = Literal["name", "birth_date", "phone", "address", "city", "gender"]
ELSE = "else"
SILENT = "silent"
Outcomes = dict[Attribute, tuple[str, ...]]
"""Labels of comparisons: each attribute has one of its."""
_SUM_TOLERANCE = 1e-9


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Level(_Frozen):
    """One outcome of comparing an attribute.

    ``m`` is its probability among records of one customer, ``u`` among records of different ones.
    ``sql`` names the sides ``<attribute>_l`` and ``<attribute>_r``; ``else`` is what is left.
    """

    label: str
    sql: str
    m: float = Field(gt=0, lt=1)
    u: float = Field(gt=0, lt=1)


class Comparison(_Frozen):
    """How one attribute is compared; the first level that holds counts, null says nothing.

    ``silent`` is a condition under which two values cannot be compared either.
    """

    name: Attribute
    silent: str | None = None
    levels: tuple[Level, ...]

    @model_validator(mode="after")
    def _is_complete(self) -> Comparison:
        if self.levels[-1].sql != ELSE:
            raise ValueError(f"the last level of {self.name} must be {ELSE!r}")
        for total in (sum(lv.m for lv in self.levels), sum(lv.u for lv in self.levels)):
            if abs(total - 1) > _SUM_TOLERANCE:
                raise ValueError(f"probabilities of {self.name} sum to {total}, not to 1")
        return self


class Documents(_Frozen):
    """Which kinds of document last for life, and when a number is a placeholder.

    One document makes two records one customer's where any of ``holds_when`` is the outcome of
    their comparison. Documents that differ are put before a person where a line of
    ``mistyped_when`` is and the numbers are nearly equal; where ``renewed_when`` is and the kind is
    renewed; where a line of ``unconfirmed_when`` is and a number lacks the check digit of its kind
    (``check_digits``).
    """

    lifelong: tuple[str, ...]
    largest_group: int = Field(ge=2)
    holds_when: tuple[Outcomes, ...]
    check_digits: dict[str, CheckDigitScheme]
    mistyped_when: tuple[Outcomes, ...]
    renewed_when: Outcomes
    unconfirmed_when: tuple[Outcomes, ...]


class Thresholds(_Frozen):
    """Match probabilities from which on a pair merges, or is put before a person."""

    merge: float = Field(gt=0, lt=1)
    review: float = Field(gt=0, lt=1)


class Parameters(_Frozen):
    """Everything that decides which customers are one, apart from the records themselves."""

    systems: tuple[str, ...]
    documents: Documents
    thresholds: Thresholds
    merge_requires: Outcomes
    review_requires: tuple[Outcomes, ...]
    prior: float = Field(gt=0, lt=1)
    comparisons: tuple[Comparison, ...]

    @property
    def scoring_hash(self) -> str:
        """Changes when a pair may score otherwise, or another pair may be compared."""
        return hashlib.sha256((BLOCK_RULES + self.model_dump_json()).encode()).hexdigest()

    @model_validator(mode="after")
    def _thresholds_are_ordered(self) -> Parameters:
        if self.thresholds.review > self.thresholds.merge:
            raise ValueError("the review threshold lies above the merge threshold")
        return self

    @model_validator(mode="after")
    def _outcomes_are_known(self) -> Parameters:
        known = {
            item.name: {SILENT, *(level.label for level in item.levels)}
            for item in self.comparisons
        }
        documents = self.documents
        every = [documents.renewed_when, self.merge_requires, *self.review_requires]
        every += [*documents.holds_when, *documents.mistyped_when, *documents.unconfirmed_when]
        for outcomes in every:
            for name, labels in outcomes.items():
                if unknown := set(labels) - known[name]:
                    raise ValueError(f"{name} has no outcome {', '.join(sorted(unknown))}")
        return self


@cache
def load_parameters(path: Path = PARAMETERS_FILE) -> Parameters:
    """Read the parameters.

    Raises:
        ContractError: naming what is not well formed.
    """
    try:
        return Parameters.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (ValidationError, yaml.YAMLError) as error:
        raise ContractError(f"{path}: {error}", "Correct the parameters of linkage.") from error
