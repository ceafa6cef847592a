from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import duckdb
import pytest

from bankcrm.files import hash_file
from pipelines.contracts.contract import load_contracts
from pipelines.landing.control import control_path
from pipelines.loading.load import load_delivery
from pipelines.loading.quarantine import list_quarantine, read_fields
from pipelines.loading.raw import open_raw
from pipelines.sources.extract import ExtractWriter

if TYPE_CHECKING:
    from tests.integration.loading.conftest import Bank

FEED = "branch.account_balance"
MONDAY, TUESDAY, WEDNESDAY = date(2024, 1, 29), date(2024, 1, 30), date(2024, 1, 31)
Balances = Callable[..., str]


def test_a_delivery_becomes_rows_with_load_line_and_date(
    bank: Bank, account_balances: Balances
) -> None:
    result = bank.load(bank.deliver(FEED, MONDAY, account_balances(("A1", "10.50"), ("A2", "-3"))))
    assert (result.status, result.load_id, result.rows_accepted) == ("loaded", 1, 2)
    assert bank.query("from branch.account_balance order by file_line") == [
        ("A1", Decimal("10.50"), 1, 2, MONDAY),
        ("A2", Decimal("-3.00"), 1, 3, MONDAY),
    ]
    assert bank.query("select * from ops.load_total") == [
        (1, "balance", Decimal("7.50"), Decimal("7.50"), Decimal(0), Decimal(0))
    ]


def test_every_feed_has_a_table_before_anything_is_delivered(bank: Bank) -> None:
    tables = bank.query(
        "select count(*) from duckdb_tables()"
        " where database_name = 'raw' and schema_name not in ('ops', 'identity')"
    )
    assert tables == [(len(load_contracts()),)]
    assert bank.query("select count(*) from card.card_transaction") == [(0,)]


def test_the_same_file_again_changes_nothing_and_says_so(
    bank: Bank, account_balances: Balances
) -> None:
    path = bank.deliver(FEED, MONDAY, account_balances(("A1", "10")))
    bank.load(path)
    again = bank.load(path)
    assert (again.status, again.load_id) == ("already loaded", 1)
    assert bank.query("select count(*) from branch.account_balance") == [(1,)]
    assert bank.query("select count(*) from ops.load") == [(1,)]


def test_a_rerun_supersedes_the_earlier_load_and_keeps_its_rows(bank: Bank) -> None:
    first = bank.load(
        bank.deliver_lines(FEED, MONDAY, ["A1,10.00"], totals={"balance": Decimal(10)})
    )
    rerun = bank.load(
        bank.deliver_lines(FEED, MONDAY, ["A1,11.00"], totals={"balance": Decimal(11)}, rerun=1)
    )
    assert (first.load_id, rerun.load_id, rerun.status) == (1, 2, "loaded")
    assert bank.query("select load_id, superseded_by from ops.load order by 1") == [
        (1, 2),
        (2, None),
    ]
    assert bank.query(
        "select balance from branch.account_balance join ops.active_load using (load_id)"
    ) == [(Decimal("11.00"),)]
    assert bank.query("select count(*) from branch.account_balance") == [(2,)]


def test_other_content_under_a_loaded_rerun_number_is_rejected(bank: Bank) -> None:
    bank.load(bank.deliver_lines(FEED, MONDAY, ["A1,10.00"], totals={"balance": Decimal(10)}))
    changed = bank.deliver_lines(FEED, MONDAY, ["A1,11.00"], totals={"balance": Decimal(11)})
    result = bank.load(changed)
    assert result.status == "rejected"
    assert "deliver the correction as rerun 1" in result.problems[0]
    assert bank.query("select balance from branch.account_balance") == [(Decimal("10.00"),)]


def test_a_lower_rerun_than_the_loaded_one_is_ignored(bank: Bank) -> None:
    late = bank.deliver_lines(FEED, MONDAY, ["A1,10.00"], totals={"balance": Decimal(10)})
    bank.load(
        bank.deliver_lines(FEED, MONDAY, ["A1,11.00"], totals={"balance": Decimal(11)}, rerun=1)
    )
    result = bank.load(late)
    assert result.status == "rejected"
    assert "rerun 0 is ignored" in result.problems[0]
    assert bank.query("select balance from branch.account_balance") == [(Decimal("11.00"),)]


def test_bad_rows_are_quarantined_with_line_rules_and_fields(bank: Bank) -> None:
    lines = [
        "A1,10.00",
        ",20.00",
        "A3,1.5E2",
        "1.2E+10,30.00",
        "A5,'40.00'",
        "A6,12.345",
        "A7,60.00",
    ]
    path = bank.deliver_lines(FEED, MONDAY, lines, totals={"balance": Decimal("322.35")})
    result = bank.load(path)
    assert result.problems == ()
    assert (result.status, result.rows_accepted, result.rows_quarantined) == ("loaded", 2, 5)
    rows = list_quarantine(bank.raw, feed=FEED)
    assert [(row.file_line, row.rules) for row in rows] == [
        (3, ("account_id: null_not_allowed",)),
        (4, ("balance: bad_decimal",)),
        (5, ("account_id: bad_id",)),
        (6, ("balance: bad_decimal",)),
        (7, ("balance: bad_decimal",)),
    ]
    assert read_fields(bank.raw, rows)[rows[1].file_line] == {
        "account_id": "A3",
        "balance": "1.5E2",
    }
    assert result.rules["balance: bad_decimal"] == 3
    # 20 and 30 can be read; 1.5E2, '40.00' and 12.345 can denote 150, 40 and 12.35.
    assert bank.query("select accepted, quarantined from ops.load_total") == [
        (70, Decimal("252.35"))
    ]
    bank.assert_books_balance()


def test_readable_bad_amounts_must_add_up_to_the_stated_total(bank: Bank) -> None:
    lines = ["A1,10.00", ",20.00"]
    good = bank.load(bank.deliver_lines(FEED, MONDAY, lines, totals={"balance": Decimal(30)}))
    assert (good.status, good.rows_quarantined) == ("loaded", 1)
    assert bank.query("select delivered, accepted, quarantined from ops.load_total") == [
        (30, 10, 20)
    ]
    wrong = bank.load(bank.deliver_lines(FEED, TUESDAY, lines, totals={"balance": Decimal(31)}))
    assert wrong.status == "rejected"
    assert wrong.problems == ("balance sums to 30.00, the control file states 31",)


def test_exact_duplicates_are_collapsed_and_conflicting_keys_quarantined(bank: Bank) -> None:
    lines = ["A1,10.00", "A1, 10.0 ", "A2,20.00", "A2,21.00", "A2,20.00", "A3,bad", "A3,bad"]
    result = bank.load(bank.deliver_lines(FEED, MONDAY, lines, totals={"balance": Decimal(81)}))
    assert result.problems == ()
    assert (result.rows_accepted, result.rows_collapsed, result.rows_quarantined) == (1, 1, 5)
    rules = {row.file_line: row.rules for row in list_quarantine(bank.raw)}
    assert rules == {
        4: ("account_id: duplicate_key",),
        5: ("account_id: duplicate_key",),
        6: ("account_id: duplicate_key",),
        7: ("balance: bad_decimal",),
        8: ("balance: bad_decimal",),
    }
    (row,) = list_quarantine(bank.raw, limit=1)
    fields = read_fields(bank.raw, [row])[row.file_line]
    assert fields == {"account_id": "A2", "balance": "20.00"}
    bank.assert_books_balance()


def test_a_wrong_row_count_and_a_wrong_total_are_told_at_once(
    bank: Bank, account_balances: Balances
) -> None:
    path = bank.deliver(FEED, MONDAY, account_balances(("A1", "10"), ("A2", "20")))
    bank.restate(path, rows=3, totals={"balance": Decimal("31.00")}, schema_version=2)
    result = bank.load(path)
    assert result.problems == (
        "schema version 2, the contract is 1",
        "has 2 rows, the control file states 3",
        "balance sums to 30.00, the control file states 31.00",
    )
    assert bank.query("select count(*) from branch.account_balance") == [(0,)]
    assert bank.query("select status, rows_delivered from ops.load") == [("rejected", None)]


def test_a_rejected_file_is_recorded_once_and_loads_when_its_control_file_is_corrected(
    bank: Bank, account_balances: Balances
) -> None:
    path = bank.deliver(FEED, MONDAY, account_balances(("A1", "10")))
    bank.restate(path, rows=2)
    assert [bank.load(path).status, bank.load(path).status] == ["rejected", "rejected"]
    assert bank.query("select count(*) from ops.load") == [(1,)]
    assert path.exists()
    bank.restate(path, rows=1)
    assert bank.load(path).status == "loaded"
    assert bank.query("select load_id, status from ops.load order by 1") == [
        (1, "rejected"),
        (2, "loaded"),
    ]


def test_a_file_that_changed_after_its_control_file_is_rejected(
    bank: Bank, account_balances: Balances
) -> None:
    path = bank.deliver(FEED, MONDAY, account_balances(("A1", "10")))
    path.write_text(path.read_text().replace("10.00", "10.0"))
    result = bank.load(path)
    assert result.status == "rejected"
    assert "SHA-256" in result.problems[0]


def test_missing_control_totals_are_named(bank: Bank, account_balances: Balances) -> None:
    path = bank.deliver(FEED, MONDAY, account_balances(("A1", "10")))
    bank.restate(path, totals={"amount": Decimal(1)})
    assert bank.load(path).problems == (
        "the control file lacks the totals balance",
        "the control file states unknown totals amount",
    )


@pytest.mark.parametrize(
    ("header", "problems"),
    [
        ("account_id,saldo", ("missing columns balance", "unknown columns saldo (renamed?)")),
        ("balance,account_id", ("columns out of order",)),
        ("account_id,balance,balance", ("columns delivered twice balance",)),
        ("account_id;balance", ("fields are separated by ';', the contract says ','",)),
        ("<html><body>Error</body></html>", ("is HTML or XML",)),
        ("account_id,balance,colour", ("columns colour are not in the contract",)),
        ("zhang wei,500103199212317776", ("missing columns account_id, balance; line 1 names",)),
    ],
)
def test_a_wrong_header_is_rejected_with_every_difference(
    bank: Bank, header: str, problems: tuple[str, ...]
) -> None:
    path = bank.deliver_bytes(FEED, MONDAY, f"{header}\nA1,10.00\n".encode())
    result = bank.load(path)
    assert result.status == "rejected"
    assert len(result.problems) == len(problems)
    for problem, expected in zip(result.problems, problems, strict=True):
        assert expected in problem
        assert "wei" not in problem, "a row in the place of the header is not repeated"


def test_an_additional_column_that_the_contract_ignores_is_a_warning_and_not_loaded(
    bank: Bank,
) -> None:
    content = b"account_id,balance,colour\nA1,10.00,red\n"
    found = bank.find(bank.deliver_bytes(FEED, MONDAY, content, totals={"balance": Decimal(10)}))
    contract = found.contract.model_copy(update={"additional_columns": "ignore"})
    result = load_delivery(bank.raw, type(found)(contract, found.control, found.data_file))
    assert result.status == "loaded"
    assert "colour" in result.warnings[0]
    assert bank.query("select account_id, balance from branch.account_balance") == [("A1", 10)]


def test_broken_lines_are_all_named(bank: Bank) -> None:
    result = bank.load(bank.deliver_lines(FEED, MONDAY, ["A1,1.00", "A2", "A3,1.00,x", "A4,1.00"]))
    assert result.problems == (
        "line 3: 1 fields where the header has 2",
        "line 4: 3 fields where the header has 2",
    )


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is empty"),
        (b"account_id,balance\n", "has 0 rows, the control file states 1"),
        (b"account_id,bal\xffance\nA1,1.00\n", "line 1: byte 0xff is not utf-8"),
        (b"account_id,balance\n\xff,1\nA\xfe,2\n", "line 2: byte 0xff is not utf-8, and 1 more"),
        (b"account_id,balance\nA\x001,1.00\n", "NUL"),
        ("account_id,balance\nA1,1.00\n".encode("utf-16"), "is UTF-16"),
        (b"account_id,balance\rA1,1.00\r", "carriage return alone"),
        (b"account_id,balance\r\nA1,1.00\nA2,2.00\r\n", "mixes line ends"),
        (b'account_id,balance\n"A1,1.00\n', "line 2: a quote that is not closed"),
        (b'account_id,balance\nA"1,1.00\n', "line 2: a quote that is not closed, or stands"),
        (b"account_id,balance\nA1,1.00\naccount_id,balance\n", "header line again"),
        (gzip.compress(b"account_id,balance\nA1,1.00\n", mtime=0), "is gzip"),
        (b"account_id,balance\n" + b"A" * 1_100_000 + b",1.00\n", "line 2: longer than"),
    ],
)
def test_a_file_that_is_no_table_is_rejected_with_its_reason(
    bank: Bank, content: bytes, problem: str
) -> None:
    result = bank.load(bank.deliver_bytes(FEED, MONDAY, content, rows=1))
    assert result.status == "rejected"
    assert any(problem in found for found in result.problems), result.problems
    assert bank.query("select count(*) from branch.account_balance") == [(0,)]


def test_a_cut_gzip_file_is_rejected(bank: Bank) -> None:
    whole = gzip.compress(b"loan_id|+|instalment_number\n" * 1000, mtime=0)
    path = bank.deliver_bytes("loan.schedule", MONDAY, whole[:-20], suffix=".csv.gz")
    assert "no whole gzip file" in bank.load(path).problems[0]


def test_a_file_that_swells_beyond_the_limit_is_rejected(bank: Bank) -> None:
    bomb = gzip.compress(b"0" * 10_000_000, mtime=0)
    path = bank.deliver_bytes("loan.schedule", MONDAY, bomb, suffix=".csv.gz")
    result = load_delivery(bank.raw, bank.find(path), max_bytes=1_000_000)
    assert "more than 1,000,000 bytes" in result.problems[0]


def test_a_rule_that_every_row_breaks_rejects_the_file(bank: Bank) -> None:
    lines = [f"A{number},1;5" for number in range(10)]
    result = bank.load(bank.deliver_lines(FEED, MONDAY, lines))
    assert result.status == "rejected"
    assert "every row breaks 'balance: bad_decimal'" in result.problems[-1]


def test_harmless_differences_in_writing_are_normalised(bank: Bank) -> None:
    content = "\ufeffteller_id|teller_name|branch_id\r\n T1 |Zoe\u0301 |B1\r\n\r\nT2||B1"
    result = bank.load(bank.deliver_bytes("teller.teller", MONDAY, content.encode(), rows=2))
    assert bank.query("select * from teller.teller") == [
        ("T1", "Zo\u00e9", "B1", 1, 2, MONDAY),
    ]
    assert list_quarantine(bank.raw)[0].file_line == 4
    assert result.rules == {"teller_name: null_not_allowed": 1}


def test_codes_are_upper_case_and_an_open_date_is_no_date(bank: Bank) -> None:
    line = "A1,C1,owner,1.000000,2024-01-01,9999-12-31"
    bank.load(bank.deliver_lines("branch.account_party", MONDAY, [line]))
    assert bank.query("select party_role, valid_to from branch.account_party") == [("OWNER", None)]


def test_text_is_inert(bank: Bank) -> None:
    texts = ["'); drop table x;--", "<script>alert(1)</script>", "=HYPERLINK(1)", "{{ jinja }}"]
    lines = [f"T{number}|{text}|B1" for number, text in enumerate(texts)]
    bank.load(bank.deliver_lines("teller.teller", MONDAY, lines))
    found = bank.query("select teller_name from teller.teller order by teller_id")
    assert [text for (text,) in found] == texts


def test_lines_are_counted_right_behind_line_breaks_in_quotes_and_blank_lines(bank: Bank) -> None:
    lines = ['T1|"two\nlines"|B1', "T2|plain|B1", "", 'T3|"a ""quote"""|B1', "T4||B1"]
    path = bank.deliver_lines("teller.teller", MONDAY, lines, rows=4)
    assert bank.load(path).problems == ()
    assert bank.query("select teller_id, teller_name, file_line from teller.teller order by 3") == [
        ("T1", "two\nlines", 2),
        ("T2", "plain", 4),
        ("T3", 'a "quote"', 6),
    ]
    assert list_quarantine(bank.raw)[0].file_line == 7


def test_a_character_of_several_bytes_may_contain_the_delimiter(
    bank: Bank,
) -> None:
    path = bank.deliver_lines("teller.teller", MONDAY, [])
    delivery = bank.find(path)
    text = b"\xb0|".decode("gbk")
    written = delivery.contract.format.model_copy(update={"encoding": "gbk"})
    contract = delivery.contract.model_copy(update={"format": written})
    path.write_bytes(f"teller_id|teller_name|branch_id\nT1|{text}|B1\n".encode("gbk"))
    bank.restate(path, sha256=hash_file(path), rows=1)
    found = bank.find(path)
    result = load_delivery(bank.raw, type(found)(contract, found.control, path))
    assert result.problems == ()
    assert bank.query("select teller_name from teller.teller") == [(text,)]


def test_several_characters_may_separate_the_fields(bank: Bank) -> None:
    query = """select 'L1' as loan_id, 100.00 as principal_balance, 0 as overdue_principal,
        0 as overdue_interest, 0 as days_past_due"""
    path = bank.deliver("loan.loan_status", MONDAY, query)
    assert "|+|" in path.read_text()
    assert bank.load(path).rows_accepted == 1


def test_the_raw_database_is_found_again(bank: Bank, account_balances: Balances) -> None:
    path = bank.deliver(FEED, MONDAY, account_balances(("A1", "10")))
    bank.load(path)
    delivery = bank.find(path)
    bank.raw.close()
    with open_raw(bank.settings) as raw:
        assert load_delivery(raw, delivery).status == "already loaded"
        assert raw.execute("select count(*) from branch.account_balance").fetchall() == [(1,)]


def test_a_broken_control_file_is_not_needed_to_leave_the_folder_readable(
    bank: Bank, account_balances: Balances
) -> None:
    good = bank.deliver(FEED, MONDAY, account_balances(("A1", "10")))
    other = ExtractWriter(bank.settings.landing_folder, duckdb.connect())
    bad = other.write(bank.find(good).contract, TUESDAY, account_balances(("A1", "11")))
    assert bad is not None
    control_path(bad).write_text("{")
    assert bank.load(good).status == "loaded"
