"""Feeds whose files carry their control in themselves: a header record first, a trailer last."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from pipelines.cli.screens.check import check_and_print
from pipelines.contracts.contract import load_contracts
from pipelines.landing.folder import find_deliveries, is_delivered
from pipelines.loading.load import LoadResult
from pipelines.loading.quarantine import list_quarantine, read_fields
from pipelines.loading.release import release_rows, write_corrections
from pipelines.validation.check import check_file
from pipelines.validation.expectations import _stated_rows
from tests.integration.loading.good_files import GoodFile, make_customers, make_entries
from tests.integration.loading.test_load_plan import BALANCE, ENTRY, dates, day, deliver, plan, run

if TYPE_CHECKING:
    from tests.integration.loading.conftest import Bank

NIGHTS = (date(2024, 1, 1) + timedelta(days=number) for number in count())
LINES = 15
"""Of a whole file: header record, names of the columns, twelve rows, trailer."""
DELIMITERS = {"teller.transaction": "|+|", "branch.customer": ","}


@dataclass(frozen=True)
class Framed:
    """A good file of a feed whose contract wants control records."""

    good: GoodFile

    @property
    def night(self) -> date:
        return self.good.business_date

    @property
    def sums(self) -> list[str]:
        return [f"{total:.2f}" for total in self.good.totals.values()]

    def join(self, *fields: str) -> str:
        return self.good.contract.format.delimiter.join(fields)

    def header(self, *changed: str) -> str:
        stated = [self.good.contract.name, str(self.night), "1", "0", "1"]
        return self.join("HDR", *changed, *stated[len(changed) :])

    def trailer(self, rows: str = "12", sums: list[str] | None = None) -> str:
        return self.join("TRL", rows, *(self.sums if sums is None else sums))

    def lines(self, text: str | None = None, **records: str) -> list[str]:
        """Lines of the file; ``header`` and ``trailer`` replace its records."""
        rows = (self.good.text if text is None else text).splitlines()
        header, trailer = records.get("header"), records.get("trailer")
        return [header or self.header(), *rows, trailer or self.trailer()]

    def place(self, bank: Bank, lines: list[str] | None = None, *, rerun: int = 0) -> Path:
        """Deliver lines under the name of the night."""
        written = "\n".join(self.lines() if lines is None else lines) + "\n"
        feed = self.good.contract
        folder = bank.settings.landing_folder / feed.source / feed.feed
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{feed.feed}_{self.night}_r{rerun}{feed.format.suffix}"
        content = written.encode()
        path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)
        return path


@pytest.fixture(params=[make_entries, make_customers], ids=list(DELIMITERS))
def framed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Framed:
    """A feed of entries, with sums, compressed; a feed of customers without sums."""
    make: Callable[[date], GoodFile] = request.param
    good = make(next(NIGHTS))
    feed = good.contract
    changes = {"control": "records", "delimiter": DELIMITERS[feed.name]}
    contract = feed.model_copy(update={"format": feed.format.model_copy(update=changes)})
    monkeypatch.setitem(load_contracts(), feed.name, contract)
    return Framed(replace(good, contract=contract))


def load(bank: Bank, framed: Framed, lines: list[str] | None = None) -> LoadResult:
    return bank.load(framed.place(bank, lines))


def stored_lines(bank: Bank, framed: Framed, result: LoadResult) -> list[int]:
    """Lines of the rows that a load stored."""
    rows = bank.query(
        f"select file_line from {framed.good.contract.raw_table}"
        f" where load_id = {result.load_id} order by all"
    )
    return [line for (line,) in rows]


def landing_problem(bank: Bank, path: Path) -> str:
    """What is wrong with an entry of the landing folder; it is no delivery."""
    found = find_deliveries(bank.settings)
    assert path not in [delivery.data_file for delivery in found.deliveries]
    (problem,) = [problem for problem in found.problems if str(path) in problem]
    return problem


def test_a_whole_file_is_loaded_and_its_books_hold_what_the_trailer_states(
    shared_bank: Bank, framed: Framed
) -> None:
    result = load(shared_bank, framed)
    assert (result.status, result.problems, result.rows_accepted) == ("loaded", (), 12)
    assert stored_lines(shared_bank, framed, result) == list(range(3, LINES))
    stated = shared_bank.query(
        f"select label, delivered from ops.load_total where load_id = {result.load_id} order by all"
    )
    assert stated == sorted(framed.good.totals.items())
    shared_bank.assert_books_balance()
    assert shared_bank.load(framed.place(shared_bank)).status == "already loaded"


def test_a_file_is_delivered_as_soon_as_it_is_there_and_loaded_once(
    shared_bank: Bank, framed: Framed
) -> None:
    contract = framed.good.contract
    assert not is_delivered(shared_bank.settings, contract, framed.night)
    path = framed.place(shared_bank)
    found = find_deliveries(shared_bank.settings)
    assert path in [delivery.data_file for delivery in found.deliveries]
    assert path not in found.incomplete
    assert is_delivered(shared_bank.settings, contract, framed.night)


FAULTS: dict[str, tuple[Callable[[Framed], list[str]], str]] = {
    "trailer missing": (
        lambda f: f.lines()[:-1],
        "the trailer is missing: the last line, 14, does not begin with 'TRL",
    ),
    "cut mid-row": (lambda f: [*f.lines()[:8], f.lines()[8][:9]], "the last line, 9, does not"),
    "data after the trailer": (
        lambda f: [*f.lines(), *f.lines()[3:5]],
        "data after the trailer of line 15, up to line 17",
    ),
    "file doubled": (
        lambda f: f.lines() * 2,
        "data after the trailer of line 15, up to line 30",
    ),
    "row lost": (lambda f: f.lines(f.good.write(f.good.rows[1:])), "has 11 rows, the trailer"),
    "count differs": (
        lambda f: f.lines(trailer=f.trailer("13")),
        "has 12 rows, the trailer states 13",
    ),
    "names only where rows are stated": (
        lambda f: f.lines(f.good.write([])),
        "has 0 rows, the trailer states 12",
    ),
    "trailer without fields": (lambda f: f.lines(trailer="TRL"), "the trailer is missing"),
    "trailer of too many fields": (
        lambda f: f.lines(trailer=f.join(f.trailer(), "7")),
        "line 15: ",
    ),
    "no number of rows": (
        lambda f: f.lines(trailer=f.trailer("twelve")),
        "line 15, trailer: 'twelve' is no number of rows",
    ),
    "names missing": (
        lambda f: [f.header(), f.trailer("0")],
        "header: missing columns",
    ),
    "other version of the contract": (
        lambda f: f.lines(header=f.header(f.good.contract.name, str(f.night), "1", "0", "2")),
        "schema version 2, the contract is 1",
    ),
    "quote not closed": (
        lambda f: [*f.lines()[:5], '"' + f.lines()[5], *f.lines()[6:]],
        "line 6: a quote that is not closed",
    ),
    "too many fields": (
        lambda f: [*f.lines()[:5], f.join(f.lines()[5], "x"), *f.lines()[6:]],
        "line 6: ",
    ),
    "error page": (lambda f: f.lines("<html>\n"), "line 2: is HTML"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_bad_file_is_rejected_with_its_reason_by_the_loader_and_by_check(
    shared_bank: Bank, framed: Framed, fault: str
) -> None:
    make, says = FAULTS[fault]
    path = framed.place(shared_bank, make(framed))
    result = shared_bank.load(path)
    assert result.status == "rejected"
    assert any(says in problem for problem in result.problems), result.problems
    assert check_file(path).problems == result.problems
    assert stored_lines(shared_bank, framed, result) == []
    assert shared_bank.load(framed.place(shared_bank)).status == "loaded", (
        "the whole file, under the same name"
    )


def test_an_unclosed_quote_does_not_hide_the_trailer(shared_bank: Bank, framed: Framed) -> None:
    path = framed.place(shared_bank, FAULTS["quote not closed"][0](framed))
    assert not any("trailer" in problem for problem in shared_bank.load(path).problems)


@pytest.mark.parametrize("framed", [make_entries], indirect=True)
def test_sums_that_differ_or_are_no_amounts_are_named(shared_bank: Bank, framed: Framed) -> None:
    first, *others = framed.sums
    wrong = framed.trailer(sums=["7.00", *others])
    assert load(shared_bank, framed, framed.lines(trailer=wrong)).problems == (
        f"amount sums to {first}, the trailer states 7.00",
    )
    for sums, says in (
        ([first], "line 15: 2 fields behind TRL; due are rows, amount, amount[debit_credit=D]"),
        (["1e3", *others], "line 15, trailer: '1e3' is no amount"),
        (["NaN", *others], "line 15, trailer: 'NaN' is no amount"),
        (["1.234", *others], "the trailer states amount as 1.234: write an amount with two"),
    ):
        result = load(shared_bank, framed, framed.lines(trailer=framed.trailer(sums=sums)))
        assert says in result.problems[0]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        (["branch.branch"], "states branch.branch in the folder of"),
        (["{feed}", "2023-01-30"], "its business date and rerun belong to"),
        (["{feed}", "{night}", "1", "1"], "its business date and rerun belong to"),
        (["{feed}", "2024-02-30"], "line 1: '2024-02-30' in the header record is no date"),
        (["{feed}", "20240131"], "line 1: '20240131' in the header record is no date"),
        (["{feed}", "{night}", "one"], "line 1: sequence 'one' in the header record is no"),
        (["{feed}", "{night}", "0"], "line 1, header record: sequence: Input should be"),
        (["{feed}", "{night}", "1", "0", "1", "x"], "line 1: 6 fields behind HDR; due are feed"),
    ],
)  # fmt: skip
def test_a_header_record_of_another_delivery_is_rejected_and_nothing_is_loaded(
    shared_bank: Bank, framed: Framed, changed: list[str], says: str
) -> None:
    names = {"feed": framed.good.contract.name, "night": framed.night}
    stated = [field.format(**names) for field in changed]
    path = framed.place(shared_bank, framed.lines(header=framed.header(*stated)))
    assert says in landing_problem(shared_bank, path)
    assert says in check_file(path).problems[0]


def test_a_file_without_header_record_or_with_a_control_file_beside_it_is_named(
    shared_bank: Bank, framed: Framed
) -> None:
    path = framed.place(shared_bank, framed.lines()[1:])
    no_header = "line 1 is no header record; one begins with HDR"
    assert no_header in landing_problem(shared_bank, path)
    assert no_header in check_file(path).problems
    beside = path.with_name(f"{path.name.split('.')[0]}.control.json")
    beside.write_text("{}")
    problem = landing_problem(shared_bank, path)
    assert "carries control records, and has a control file" in problem
    assert "has a control file beside it" in check_file(path, framed.good.contract).problems[0]


def test_another_sequence_number_than_is_due_holds_the_night_back(
    shared_bank: Bank, framed: Framed
) -> None:
    shared_bank.load(framed.place(shared_bank))
    header = framed.header(framed.good.contract.name, str(framed.night), "7", "1")
    result = shared_bank.load(framed.place(shared_bank, framed.lines(header=header), rerun=1))
    assert result.problems == ("a rerun repeats the sequence number 1 of its date, not 7",)


def test_a_night_is_planned_until_it_is_loaded_and_changed_content_is_tried_once(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = load_contracts()[BALANCE]
    written = feed.format.model_copy(update={"control": "records"})
    contract = feed.model_copy(update={"format": written})
    monkeypatch.setitem(load_contracts(), BALANCE, contract)
    path = bank.writer.write(contract, day(1), "select 'A1' as account_id, 7 as balance")
    assert path is not None and path.read_text().splitlines() == [
        "HDR,branch.account_balance,2024-01-01,1,0,1", "account_id,balance", "A1,7.00",
        "TRL,1,7.00",
    ]  # fmt: skip
    deliver(bank, ENTRY, 1, 1)
    assert dates(run(bank)) == [day(1)]
    assert dates(plan(bank)) == []

    path.write_text(path.read_text().replace("7.00", "8.00"))
    assert dates(plan(bank)) == [day(1)]
    assert "was loaded with other content" in bank.load(path).problems[0]
    assert dates(plan(bank)) == []

    deliver(bank, ENTRY, 2, 2)
    blocked = plan(bank).blocked
    assert blocked is not None and blocked.remedy == (
        "Deliver branch/account_balance/account_balance_2024-01-02_r0.csv; then run "
        "`bankcrm refresh`."
    )


def test_names_only_with_a_declared_0_are_an_empty_night(shared_bank: Bank, framed: Framed) -> None:
    nothing = framed.trailer("0", ["0.00"] * len(framed.sums))
    result = load(shared_bank, framed, framed.lines(framed.good.write([]), trailer=nothing))
    assert (result.status, result.rows_delivered) == ("loaded", 0)


def test_harmless_ways_of_writing_give_the_same_rows(shared_bank: Bank, framed: Framed) -> None:
    padded = framed.trailer("000012")
    header = framed.header(framed.good.contract.name, str(framed.night), "0001")
    lines = [f"\ufeff{header}", *framed.lines(trailer=padded)[1:], "", ""]
    result = load(shared_bank, framed, [f"{line}\r" for line in lines])
    assert (result.status, result.problems, result.rows_accepted) == ("loaded", (), 12)


def test_bad_rows_go_into_quarantine_by_the_lines_of_the_file_and_are_released(
    shared_bank: Bank, framed: Framed, tmp_path: Path
) -> None:
    key = framed.good.contract.key[0]
    rows = framed.good.change(4, **{key: ""})
    path = framed.place(shared_bank, framed.lines(framed.good.write(rows)))
    result = shared_bank.load(path)
    assert (result.rows_accepted, result.rows_quarantined) == (11, 1)
    (row,) = list_quarantine(shared_bank.raw, load_id=result.load_id)
    assert row.file_line == 7
    assert [bad.file_line for bad in check_file(path).bad_rows] == [7]
    shared_bank.assert_books_balance()

    corrections = tmp_path / "corrections.csv"
    fields = read_fields(shared_bank.raw, [row])
    mended = {7: fields[7] | {key: framed.good.rows[4][key]}}
    write_corrections(mended, framed.good.contract, corrections)
    released = release_rows(
        shared_bank.settings, shared_bank.raw, framed.good.contract, framed.night, corrections
    )
    assert not list(released.data_file.parent.glob(f"*_{framed.night}_*.json"))
    again = shared_bank.load(released.data_file)
    assert (again.status, again.rows_accepted, again.rerun) == ("loaded", 12, 1)
    shared_bank.assert_books_balance()


@pytest.mark.parametrize("framed", [make_customers], indirect=True)
def test_line_breaks_and_words_like_a_trailer_in_quotes_are_text(
    shared_bank: Bank, framed: Framed
) -> None:
    rows = framed.good.change(0, address='Long\nTRL,12\nRoad "5"')
    result = load(shared_bank, framed, framed.lines(framed.good.write(rows)))
    assert (result.status, result.rows_accepted) == ("loaded", 12)
    assert stored_lines(shared_bank, framed, result)[:2] == [3, 6]


def test_the_screen_of_check_says_what_the_trailer_states(
    shared_bank: Bank, framed: Framed
) -> None:
    path = framed.place(shared_bank, framed.lines(trailer=framed.trailer("13")))
    screen = io.StringIO()
    assert not check_and_print(Console(file=screen, width=200), path, None, None)
    assert "has 12 rows, the trailer states 13" in screen.getvalue()
    assert _stated_rows(path, framed.good.contract) == 13


def test_a_large_file_is_judged_the_same(shared_bank: Bank, framed: Framed) -> None:
    """Beyond the size up to which the text of a file is kept."""
    key = framed.good.contract.key[0]
    many = [
        dict(framed.good.rows[number % 12], **{key: f"K{number:06}"}) for number in range(12_000)
    ]
    if framed.good.contract.name == "branch.customer":
        for number, row in enumerate(many):
            row["full_name"] = f"Name {number}"
    large = Framed(replace(framed.good, rows=many))
    path = large.place(shared_bank, large.lines(trailer=large.trailer("12000")))
    result = shared_bank.load(path)
    assert (result.status, result.problems) == ("loaded", ())
    assert result.rows_accepted == 12_000
    shared_bank.assert_books_balance()
