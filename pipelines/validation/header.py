"""The header line of a delivery against the columns of its contract."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.contracts.contract import Contract

KNOWN_DELIMITERS = (",", ";", "|", "|+|", "\t")


TRAILING = "__behind_the_last"
"""Name of the column that a delimiter at the end of the header line opens; it is empty."""
MARKUP = ("<!doctype", "<html", "<?xml", "<head", "<body")


@dataclass(frozen=True)
class HeaderCheck:
    """What is wrong with a header, and what is merely worth a warning."""

    problems: tuple[str, ...]
    warnings: tuple[str, ...] = ()


def split_header(line: str, delimiter: str) -> tuple[str, ...]:
    """Column names of a header line: trimmed, unquoted, lower-case.

    Behind a delimiter at the end of the line stands :data:`TRAILING`.
    """
    names = tuple(name.strip().strip('"').strip().lower() for name in line.split(delimiter))
    return (*names[:-1], names[-1] or TRAILING) if len(names) > 1 else names


def compare_header(line: str, contract: Contract) -> HeaderCheck:
    """Compare a header line with the contract; every difference is reported at once.

    Unknown columns beside a complete, ordered set are a problem too, unless the contract ignores
    them: then they are a warning, and are not loaded.
    """
    place = _name_line(contract)
    if line.lstrip().lower().startswith(MARKUP):
        problem = f"{place}: is HTML or XML, perhaps a server's error page; no table"
        return HeaderCheck((problem,))
    delimiter = contract.format.delimiter
    names = split_header(line, delimiter)
    other = _find_other_delimiter(line, contract)
    if other is not None:
        return HeaderCheck(
            (
                f"{place}: fields are separated by {other!r}, the contract says {delimiter!r}:"
                " write that, or have `delimiter` changed under `format` of the contract",
            )
        )
    return compare_columns([name for name in names if name != TRAILING], contract)


def compare_columns(names: Sequence[str], contract: Contract) -> HeaderCheck:
    """Compare delivered column names with those of the contract, in order."""
    expected = contract.column_names
    if not set(expected) & set(names):
        # The line may be a row: its fields, which may be personal, are not repeated.
        place = _name_line(contract)
        problem = (
            f"header: missing columns {_list(expected)}; {place} names none of them: write the"
            " names of the columns there"
        )
        return HeaderCheck((problem,))
    missing = [name for name in expected if name not in names]
    unknown = [name for name in names if name not in expected]
    doubled = [name for name, count in Counter(names).items() if count > 1]
    known = [name for name in names if name in expected]
    problems = []
    if missing:
        problems.append(f"header: missing columns {_list(missing)}")
    if missing and unknown:
        problems.append(f"header: unknown columns {_list(unknown)} (renamed?)")
    elif unknown and contract.additional_columns == "reject":
        problems.append(
            f"header: columns {_list(unknown)} are not in the contract; have them added to it, or"
            " leave them out"
        )
    if doubled:
        problems.append(f"header: columns delivered twice {_list(doubled)}")
    if not missing and not doubled and known != list(expected):
        problems.append(f"header: columns out of order; the contract says {_list(expected)}")
    if problems or not unknown:
        return HeaderCheck(tuple(problems))
    return HeaderCheck(
        (), (f"columns {_list(unknown)} are not in the contract and were not loaded",)
    )


def _name_line(contract: Contract) -> str:
    """Where the columns are named: behind the header record, where the contract wants one."""
    return "line 2" if contract.format.control == "records" else "line 1"


def _find_other_delimiter(line: str, contract: Contract) -> str | None:
    """Another delimiter that splits the header into the contract's columns, if one does."""
    wanted = set(contract.column_names)
    if wanted & set(split_header(line, contract.format.delimiter)):
        return None
    for delimiter in KNOWN_DELIMITERS:
        if wanted <= set(split_header(line, delimiter)):
            return delimiter
    return None


def _list(names: Sequence[str]) -> str:
    return ", ".join(names)
