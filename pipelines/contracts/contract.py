"""Feed contracts: the one definition of what a bank delivers.

One YAML file per feed in ``contracts/<source>/<feed>.yml``. The loader, the expectations of a
delivery, the sample bank, the staging tests and the page on how to deliver a bank all read it.
"""

from __future__ import annotations

from datetime import time
from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import Field, ValidationError, model_validator

from bankcrm.errors import ContractError
from pipelines.contracts.file_format import Format
from pipelines.contracts.references import check_references
from pipelines.contracts.watch import (
    SEASONAL_RULES,
    Closing,
    Frozen,
    RollForward,
    Shares,
    Watch,
    WatchRule,
)

Customer = tuple[str, str]
"""Source system and the customer's id there."""


CONTRACTS_FOLDER = Path(__file__).parent

ColumnType = Literal[
    "id", "text", "code", "date", "timestamp", "integer", "amount", "rate", "share", "boolean"
]

PersonalKind = Literal["name", "document", "phone", "email", "address", "birth_date", "text"]
"""What a personal column holds; ``text`` is anything else that may name or describe a person."""

SQL_TYPES: dict[str, str] = {
    "id": "varchar",
    "text": "varchar",
    "code": "varchar",
    "date": "date",
    "timestamp": "timestamp",
    "integer": "integer",
    "amount": "decimal(18,2)",
    "rate": "decimal(12,8)",
    "share": "decimal(9,6)",
    "boolean": "boolean",
}
"""SQL type of each contract type. Money is decimal(18,2), rates are fractions per year."""


NULL_WORDS = ("NULL", "null", r"\N", "N/A")
"""What databases and spreadsheets write for no value, unless a contract says otherwise."""

CheckDigitScheme = Literal["gb11643", "gb32100", "luhn", "mod97"]


class CheckDigits(Frozen):
    """Which scheme the check digit of a number follows, by the value of another column.

    A value of ``by`` that ``schemes`` does not name leaves the number unchecked.
    """

    by: str
    schemes: dict[str, CheckDigitScheme]

    def __hash__(self) -> int:
        return hash((self.by, *sorted(self.schemes.items())))


class Column(Frozen):
    """One delivered column: meaning, type, legal values, and the marts that need it.

    ``references`` names the key of another feed as source.feed.column; ``corrects`` names the
    key of the same feed, where the row takes back an earlier one. ``pattern`` is a regular
    expression (RE2) that every value matches as a whole, for instance ``[0-9]{5}``. ``token``
    says that the value stands for a card number and is never one. An ``optional`` field that
    breaks a rule is left empty and counted, and its row is accepted. ``null_words`` are texts
    that stand for no value; unless given, :data:`NULL_WORDS` of a column that may be empty, and
    of ids. ``staged_as`` is the column's name in the warehouse, where the delivered one does
    not say what it is there.
    The values of a ``personal`` column stay in the vault; the raw table keeps tokens of them
    (:mod:`pipelines.contracts.stored_columns`).
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    type: ColumnType
    description: str
    needed_by: tuple[str, ...]
    nullable: bool = False
    optional: bool = False
    personal: PersonalKind | None = None
    accepted: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    references: str | None = None
    corrects: str | None = None
    pattern: str | None = None
    check_digits: CheckDigits | None = None
    token: bool = False
    null_words: tuple[str, ...] | None = None
    staged_as: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9_]*$")

    @property
    def sql_type(self) -> str:
        """Type of the column in the raw table."""
        return SQL_TYPES[self.type]

    @property
    def words_for_null(self) -> tuple[str, ...]:
        """Texts of the column that stand for no value."""
        if self.null_words is not None:
            return self.null_words
        return NULL_WORDS if self.nullable or self.type == "id" else ()

    @property
    def staged_name(self) -> str:
        """Name of the column in the staging model."""
        return self.staged_as or self.name


class Rule(Frozen):
    """A row rule over several columns: SQL that is true for a good row."""

    name: str
    sql: str
    remedy: str


class ControlTotal(Frozen):
    """A sum that the control file states: a column, optionally where another column has a value."""

    column: str
    where: dict[str, str] = Field(default_factory=dict)

    @property
    def label(self) -> str:
        """Name in the control file, for instance ``amount[debit_credit=D]``."""
        terms = ",".join(f"{name}={value}" for name, value in self.where.items())
        return f"{self.column}[{terms}]" if terms else self.column


class Effective(Frozen):
    """Columns that date a row's effect on their own, apart from the business date that delivered
    it.

    ``on_business_date`` says that some row of every delivery is of its business date.
    """

    from_column: str = Field(alias="from")
    to_column: str | None = Field(default=None, alias="to")
    on_business_date: bool = False


class Deadline(Frozen):
    """Until when a business date waits for the feed, and what follows when it is late.

    ``due`` is a time of the machine's clock, so many days after the business date. ``late``:
    ``wait`` on; ``stale``, build the business date without the feed and say so; or ``block`` it and
    alert people.
    """

    due: time = time(4, 30)
    days_after: int = Field(default=1, ge=0)
    late: Literal["wait", "stale", "block"] = "stale"


class Contract(Frozen):
    """The contract of one feed.

    ``latest_by_key`` says that a later delivery of a key replaces the earlier ones; in other feeds
    whose rows carry their own date, a key that is delivered twice is an error.

    A delivery with ``additional_columns``, which the contract does not name, is rejected unless
    it says to ignore them: what was added unannounced may mean that the others changed too.
    """

    source: str
    feed: str
    title: str
    description: str
    delivery: Literal["full", "changes", "entries"]
    mandatory: bool = False
    deadline: Deadline | None = None
    grain: str
    key: tuple[str, ...]
    effective: Effective | None = None
    latest_by_key: bool = False
    identity: tuple[str, ...] = ()
    format: Format = Format()
    control_totals: tuple[ControlTotal, ...] = ()
    columns: tuple[Column, ...]
    rules: tuple[Rule, ...] = ()
    additional_columns: Literal["reject", "ignore"] = "reject"
    watch: Watch = Watch()
    roll_forward: RollForward | None = None
    shares: Shares | None = None
    closing: Closing | None = None
    schema_version: int = 1

    @property
    def name(self) -> str:
        """``source.feed``."""
        return f"{self.source}.{self.feed}"

    @property
    def awaited(self) -> Deadline | None:
        """The deadline of a feed that business dates wait for: a mandatory one, which blocks unless
        its contract says otherwise, or one whose contract states a deadline."""
        if self.deadline is None and self.mandatory:
            return Deadline(late="block")
        return self.deadline

    @property
    def rules_that_warn(self) -> tuple[WatchRule, ...]:
        """Rules of the watch whose findings do not hold a business date back."""
        if self.watch.warn is not None:
            return self.watch.warn
        return () if self.mandatory else SEASONAL_RULES

    @property
    def raw_table(self) -> str:
        """Qualified name of the raw table inside the raw database."""
        return f'"{self.source}"."{self.feed}"'

    @property
    def is_dated_by_night(self) -> bool:
        """Whether a row counts from the business date that delivered it, so that each business
        date's row stays; otherwise a row carries its own date, and the last delivery of a key
        replaces the others."""
        return self.delivery != "entries" and self.effective is None

    @property
    def delivers_keys_once(self) -> bool:
        """Whether a key, once delivered, never comes again on another business date."""
        return self.delivery == "entries" and not self.latest_by_key

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the delivered columns, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def is_personal(self) -> bool:
        """Whether a column of the feed holds personal values."""
        return any(column.personal for column in self.columns)

    @property
    def holder(self) -> tuple[str, str]:
        """Whose personal values a row holds: the system that numbers the customer, and the column.

        The key of a feed of customers; else the first column that references one.
        """
        if self.identity:
            return self.source, self.key[0]
        for column in self.columns:
            source, _, key = (column.references or "").partition(".")
            if key == "customer.customer_id":
                return source, column.name
        return self.source, self.key[0]

    def column(self, name: str) -> Column:
        """The column of that name; KeyError when the contract has none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.name} has no column {name!r}")

    @model_validator(mode="after")
    def _names_exist(self) -> Contract:
        names = set(self.column_names)
        if len(names) != len(self.columns):
            raise ValueError("a column is listed twice")
        texts = ("id", "text", "code")
        numbers = [c for c in self.columns if c.pattern or c.check_digits or c.token]
        if any(column.type not in texts for column in numbers):
            raise ValueError("pattern, check_digits and token are for columns of id, text or code")
        used = [*self.key, *self.identity, *(total.column for total in self.control_totals)]
        used += [name for total in self.control_totals for name in total.where]
        used += [column.corrects for column in self.columns if column.corrects is not None]
        used += [column.check_digits.by for column in self.columns if column.check_digits]
        if self.effective is not None:
            used.append(self.effective.from_column)
            used += [self.effective.to_column] if self.effective.to_column else []
        if self.shares is not None:
            used += [self.shares.column, self.shares.of]
        unknown = sorted(set(used) - names)
        if unknown:
            raise ValueError(
                f"key, identity, control_totals, effective, shares, corrects or check_digits name "
                f"unknown columns {unknown}"
            )
        return self

    @model_validator(mode="after")
    def _latest_rows_carry_their_own_date(self) -> Contract:
        if self.latest_by_key and self.is_dated_by_night:
            raise ValueError(
                "latest_by_key is for rows that carry their own date; each night stays"
            )
        return self

    @model_validator(mode="after")
    def _optional_columns_are_free(self) -> Contract:
        """What is left empty where it is bad must not be a key, a date that counts, or a sum."""
        bound = {*self.key, *self.identity, *(total.column for total in self.control_totals)}
        bound |= {name for total in self.control_totals for name in total.where}
        if self.effective is not None:
            bound |= {self.effective.from_column, self.effective.to_column or ""}
        for column in self.columns:
            is_bound = column.name in bound or column.references or column.corrects or column.token
            if column.optional and (is_bound or not column.nullable):
                raise ValueError(f"{column.name} is optional: nullable, and nothing counts by it")
        return self

    @model_validator(mode="after")
    def _shares_have_an_end(self) -> Contract:
        if self.shares and (self.effective is None or self.effective.to_column is None):
            raise ValueError("shares are for rows with a validity: effective names from and to")
        return self

    @model_validator(mode="after")
    def _staged_names_differ(self) -> Contract:
        if len({column.staged_name for column in self.columns}) != len(self.columns):
            raise ValueError("staged_as gives two columns one name")
        if any(column.personal and column.staged_as for column in self.columns):
            raise ValueError("staged_as is not for personal columns: their tokens have names")
        return self

    @model_validator(mode="after")
    def _personal_columns_are_free(self) -> Contract:
        """A personal value is replaced by a token: nothing may count, join or date by it."""
        dated = [self.effective.from_column, self.effective.to_column] if self.effective else []
        bound = {*self.key, *dated, *(total.column for total in self.control_totals)}
        for column in self.columns:
            if not column.personal:
                continue
            wanted = "date" if column.personal == "birth_date" else "text"
            if column.type != wanted:
                raise ValueError(f"{column.name} is personal ({column.personal}), so {wanted}")
            if column.name in bound or column.references or column.accepted:
                raise ValueError(f"{column.name} is personal: no key, date, total or list of codes")
        return self


@cache
def load_contracts(folder: Path = CONTRACTS_FOLDER) -> dict[str, Contract]:
    """Read every contract below a folder.

    Returns:
        Contracts by ``source.feed``, in the order of their names.

    Raises:
        ContractError: naming the file, when one is not well formed or refers to an unknown feed.
    """
    contracts = {}
    for path in sorted(folder.glob("*/*.yml")):
        contract = _read_contract(path)
        if path.relative_to(folder) != Path(contract.source) / f"{contract.feed}.yml":
            raise ContractError(
                f"{path} describes {contract.name}", "Name the file <source>/<feed>.yml."
            )
        contracts[contract.name] = contract
    check_references(contracts)
    return contracts


def get_contract(name: str) -> Contract:
    """The contract of ``source.feed``; ContractError naming the known ones when there is none."""
    contracts = load_contracts()
    if name not in contracts:
        raise ContractError(f"There is no feed {name!r}", f"Known feeds: {', '.join(contracts)}.")
    return contracts[name]


def _read_contract(path: Path) -> Contract:
    try:
        return Contract.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (ValidationError, yaml.YAMLError) as error:
        raise ContractError(f"{path}: {error}", "Correct the contract file.") from error
