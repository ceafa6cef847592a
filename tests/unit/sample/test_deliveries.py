from __future__ import annotations

import re
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from bankcrm.files import hash_file
from bankcrm.settings import PROJECT_FOLDER
from pipelines.contracts.contract import Column, Contract, load_contracts
from pipelines.sources.extract import control_sum
from pipelines.sources.sample import make_sample_bank

if TYPE_CHECKING:
    from tests.unit.sample.conftest import DeliveredBank, Delivery

MERGER = date(2024, 2, 6)
DECIMALS = {"amount": (16, 2), "rate": (4, 8), "share": (3, 6)}


def read_seed(name: str, column: str) -> set[str]:
    query = f"select {column}::varchar from read_csv('{PROJECT_FOLDER / 'seeds' / name}.csv')"
    return {row[0] for row in duckdb.sql(query).fetchall()}


def is_of_type(column: Column, text: str) -> bool:
    match column.type:
        case "date":
            return date.fromisoformat(text).isoformat() == text
        case "timestamp":
            return datetime.fromisoformat(text) is not None
        case "integer":
            return re.fullmatch(r"-?[0-9]+", text) is not None
        case "amount" | "rate" | "share":
            whole, fraction = DECIMALS[column.type]
            return re.fullmatch(rf"-?[0-9]{{1,{whole}}}\.[0-9]{{{fraction}}}", text) is not None
        case _:
            return text == text.strip() and text != ""


def find_bad_values(contract: Contract, row: dict[str, str]) -> list[str]:
    bad = []
    for column in contract.columns:
        text = row[column.name]
        if text == "":
            bad += [] if column.nullable else [f"{column.name} is missing"]
        elif not is_of_type(column, text):
            bad.append(f"{column.name} {text!r} is no {column.type}")
        elif column.accepted and text not in column.accepted:
            bad.append(f"{column.name} {text!r} is not accepted")
        elif column.minimum is not None and Decimal(text) < Decimal(str(column.minimum)):
            bad.append(f"{column.name} {text} is below {column.minimum}")
        elif column.maximum is not None and Decimal(text) > Decimal(str(column.maximum)):
            bad.append(f"{column.name} {text} is above {column.maximum}")
    return bad


def load_delivery(connection: duckdb.DuckDBPyConnection, delivery: Delivery) -> None:
    columns = delivery.contract.columns
    texts = pa.table({c.name: [row[c.name] or None for row in delivery.rows] for c in columns})
    typed = ", ".join(f"cast({c.name} as {c.sql_type}) as {c.name}" for c in columns)
    connection.register("texts", texts)
    connection.execute(f"create or replace table delivery as select {typed} from texts")


def test_every_value_satisfies_its_column(bank: DeliveredBank) -> None:
    for name, deliveries in bank.deliveries.items():
        assert deliveries, name
        for delivery in deliveries:
            assert delivery.header == list(delivery.contract.column_names)
            problems = [p for row in delivery.rows for p in find_bad_values(delivery.contract, row)]
            assert problems == [], delivery.path.name


def test_keys_are_unique_and_row_rules_and_control_totals_hold(bank: DeliveredBank) -> None:
    connection = duckdb.connect()
    for delivery in [d for deliveries in bank.deliveries.values() for d in deliveries]:
        contract, control = delivery.contract, delivery.control
        load_delivery(connection, delivery)
        keys = Counter(tuple(row[name] for name in contract.key) for row in delivery.rows)
        assert [key for key, count in keys.items() if count > 1] == [], delivery.path.name
        for rule in contract.rules:
            query = f"""select * from (select *, date '{control.business_date}' as business_date
                from delivery) where not coalesce({rule.sql}, false)"""
            assert connection.execute(query).fetchall() == [], rule.name
        for total in contract.control_totals:
            query = f"select coalesce({control_sum(total)}, 0) from delivery"
            assert connection.execute(query).fetchall() == [(control.totals[total.label],)]


def test_control_files_state_rows_hash_and_unbroken_sequences(bank: DeliveredBank) -> None:
    for deliveries in bank.deliveries.values():
        for number, delivery in enumerate(deliveries, start=1):
            assert delivery.control.sequence == number
            assert delivery.control.rows == len(delivery.rows)
            assert delivery.control.sha256 == hash_file(delivery.path)
    assert bank.summary.files == sum(len(files) for files in bank.deliveries.values())


def test_every_reference_was_delivered_no_later_than_the_row_that_uses_it(
    bank: DeliveredBank,
) -> None:
    for name, contract in load_contracts().items():
        for column in contract.columns:
            if column.references is None:
                continue
            feed, _, referenced = column.references.rpartition(".")
            first: dict[str, date] = {}
            for night, row in bank.rows(feed):
                first.setdefault(row[referenced], night)
            late = [
                row[column.name]
                for night, row in bank.rows(name)
                if row[column.name] and not first.get(row[column.name], date.max) <= night
            ]
            assert late == [], f"{name}.{column.name}"


def test_codes_of_entries_ledger_and_profiles_stand_in_the_seeds(bank: DeliveredBank) -> None:
    for feed, column, seed, code in (
        ("teller.transaction", "transaction_type_code", "transaction_type", None),
        ("card.card_transaction", "transaction_type_code", "transaction_type", None),
        ("teller.transaction", "channel_code", "channel", None),
        ("finance.gl_balance", "gl_account_code", "gl_account", None),
        ("finance.rate_curve", "tenor_code", "tenor", None),
        ("branch.product", "ftp_profile_code", "ftp_profile", None),
    ):
        used = {row[column] for _, row in bank.rows(feed)} - {""}
        assert used
        assert used <= read_seed(seed, code or column)


def test_each_feed_comes_on_the_nights_its_kind_of_delivery_promises(bank: DeliveredBank) -> None:
    firsts = [bank.nights[0], date(2024, 2, 1), date(2024, 3, 1)]
    delivered = {
        name: [delivery.control.business_date for delivery in deliveries]
        for name, deliveries in bank.deliveries.items()
    }
    for feed in ("teller.transaction", "branch.account_balance"):
        assert delivered[feed] == bank.nights
    for feed in ("branch.product", "teller.teller"):
        assert delivered[feed] == firsts
    assert delivered["branch.branch"] == sorted([*firsts, MERGER])
    assert delivered["finance.rate_curve"] == firsts
    month_ends = [date(2024, 1, 31), date(2024, 2, 29), date(2024, 3, 31)]
    assert delivered["finance.gl_balance"] == month_ends
    assert delivered["finance.cost_pool"] == month_ends


def test_a_manager_who_leaves_hands_the_book_over_the_next_day(bank: DeliveredBank) -> None:
    left = {row["manager_id"]: row["left_date"] for _, row in bank.rows("branch.manager")}
    leaver, last_day = next((who, day) for who, day in left.items() if day)
    rows = [row for _, row in bank.rows("branch.manager_assignment")]
    ended = {row["customer_id"] for row in rows if row["manager_id"] == leaver and row["valid_to"]}
    next_day = (date.fromisoformat(last_day) + timedelta(days=1)).isoformat()
    assert ended == {row["customer_id"] for row in rows if row["manager_id"] == leaver}
    assert (
        ended
        == {
            row["customer_id"]
            for row in rows
            if row["valid_from"] == next_day and row["manager_id"] != leaver
        }
        & ended
    )


def test_a_merged_unit_closes_the_day_before_and_all_its_business_goes_to_its_successor(
    bank: DeliveredBank,
) -> None:
    merged, successor = next(
        (row["branch_id"], row["successor_branch_id"])
        for night, row in bank.rows("branch.branch")
        if night == MERGER and row["closed_date"] == (MERGER - timedelta(days=1)).isoformat()
    )
    for feed, key in (
        ("branch.account", "account_id"),
        ("branch.customer", "customer_id"),
        ("branch.manager", "manager_id"),
        ("card.card", "card_id"),
    ):
        before = {r[key]: r["branch_id"] for night, r in bank.rows(feed) if night < MERGER}
        after = before | {r[key]: r["branch_id"] for n, r in bank.rows(feed) if n == MERGER}
        moved = {member for member, unit in before.items() if unit == merged}
        assert moved, feed
        assert {after[member] for member in moved} == {successor}, feed
    counters = {r["branch_id"] for n, r in bank.rows("teller.transaction") if n >= MERGER}
    assert merged not in counters


def test_a_customer_moves_to_another_office_with_all_accounts(bank: DeliveredBank) -> None:
    offices: dict[str, dict[date, str]] = defaultdict(dict)
    for night, row in bank.rows("branch.customer"):
        offices[row["customer_id"]][night] = row["branch_id"]
    moves = {
        customer: max(told)
        for customer, told in offices.items()
        if len(set(told.values())) > 1 and max(told) != MERGER
    }
    assert moves
    latest = {row["account_id"]: row["branch_id"] for _, row in bank.rows("branch.account")}
    owners = {
        row["account_id"]: row["customer_id"]
        for _, row in bank.rows("branch.account_party")
        if row["share"] == "1.000000"
    }
    for account, customer in owners.items():
        if customer in moves:
            assert latest[account] == offices[customer][moves[customer]]


def test_a_manager_hands_over_half_a_book(bank: DeliveredBank) -> None:
    rows = [row for _, row in bank.rows("branch.manager_assignment")]
    left = {row["manager_id"] for _, row in bank.rows("branch.manager") if row["left_date"]}
    ended: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in rows:
        if row["valid_to"] and row["manager_id"] not in left:
            ended[row["manager_id"], row["valid_to"]].add(row["customer_id"])
    (giver, day), half = max(ended.items(), key=lambda item: len(item[1]))
    book = {
        row["customer_id"]
        for row in rows
        if row["manager_id"] == giver
        and row["share"] == "1.000000"
        and row["valid_from"] < bank.nights[0].isoformat()
    }
    assert day == (bank.nights[0] + timedelta(days=15)).isoformat()
    assert 0.4 < len(half) / len(book) < 0.6


def test_shares_of_accounts_and_books_sum_to_one_on_every_date(bank: DeliveredBank) -> None:
    for feed, member in (
        ("branch.account_party", "account_id"),
        ("branch.manager_assignment", "customer_id"),
    ):
        latest = {}
        for _, row in bank.rows(feed):
            latest[tuple(row[name] for name in load_contracts()[feed].key)] = row
        changes: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        for row in latest.values():
            changes[row[member]][row["valid_from"]] += Decimal(row["share"])
            if row["valid_to"]:
                changes[row[member]][row["valid_to"]] -= Decimal(row["share"])
        for dates in changes.values():
            total = Decimal(0)
            for moment in sorted(dates):
                total += dates[moment]
                assert total == 1
    account_shares = {row["share"] for _, row in bank.rows("branch.account_party")}
    assert {"1.000000", "0.500000", "0.333334", "0.333333", "0.000000"} == account_shares
    book_shares = {row["share"] for _, row in bank.rows("branch.manager_assignment")}
    assert book_shares == {"1.000000", "0.600000", "0.400000"}


def test_progress_is_told_for_every_night_in_order(tmp_path: Path) -> None:
    nights: list[date] = []
    make_sample_bank(tmp_path, customers=30, days=3, on_progress=nights.append)
    assert nights == [date(2024, 1, 1), date(2024, 1, 2), date(2024, 1, 3)]


def test_the_same_arguments_give_the_same_bytes(tmp_path: Path) -> None:
    hashes = []
    for name in ("one", "two"):
        folder = tmp_path / name
        make_sample_bank(folder / "landing", customers=60, days=35, truth_folder=folder)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        hashes.append([(str(path.relative_to(folder)), hash_file(path)) for path in files])
    assert hashes[0] == hashes[1]
    make_sample_bank(tmp_path / "other", customers=60, days=1, seed=8)
    first = "branch/customer/customer_2024-01-01_r0.csv"
    assert hash_file(tmp_path / "other" / first) != dict(hashes[0])[f"landing/{first}"]
