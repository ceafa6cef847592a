"""The whole PKDD'99 slice: totals, contracts, no look-ahead. Skipped where its files are absent."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from bankcrm.files import hash_file
from pipelines.contracts.contract import Contract, load_contracts
from pipelines.sources.berka import BalanceCheck, BerkaSummary, make_berka_extracts
from pipelines.sources.berka.feeds import FEEDS

FIRST_DATE = date(1993, 1, 1)
LAST_DATE = date(1994, 3, 30)
DELIVERED = [load_contracts()[name] for name in FEEDS]
DOCUMENTATION = Path(__file__).resolve().parents[3] / "docs" / "berka.md"

Deliveries = duckdb.DuckDBPyConnection


def read_source(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / f"{name}.asc").open(newline="", encoding="ascii") as stream:
        return list(csv.DictReader(stream, delimiter=";"))


def fetch_all(deliveries: Deliveries, query: str) -> list[tuple[object, ...]]:
    return deliveries.execute(query).fetchall()


def test_the_slice_has_its_known_size(real_summary: BerkaSummary) -> None:
    assert (real_summary.first_date, real_summary.last_date) == (FIRST_DATE, LAST_DATE)
    assert real_summary.rows == {
        "branch.branch": 86,
        "branch.product": 7,
        "branch.customer": 1489,
        "branch.account": 1229,
        "branch.account_party": 1489,
        "branch.account_balance": 38821,
        "teller.transaction": 46997,
        "card.customer": 6,
        "card.card": 6,
        "loan.customer": 37,
        "loan.loan": 37,
        "loan.schedule": 1140,
        "loan.repayment": 123,
        "loan.loan_status": 420,
    }


def test_every_row_of_every_file_is_delivered_or_counted_as_left_out(
    real_summary: BerkaSummary, real_folder: Path
) -> None:
    delivered = {
        "account": real_summary.rows["branch.account"],
        "card": real_summary.rows["card.card"],
        "client": real_summary.rows["branch.customer"],
        "disp": real_summary.rows["branch.account_party"],
        "district": 77,
        "loan": real_summary.rows["loan.loan"],
        "order": 0,
        "trans": real_summary.rows["teller.transaction"],
    }
    left_out: Counter[str] = Counter()
    for part in real_summary.left_out:
        left_out[part.file] += part.rows
    for file, rows in delivered.items():
        assert rows + left_out[file] == len(read_source(real_folder, file)), file


def test_credits_and_debits_equal_the_file_to_the_haler(
    deliveries: Deliveries, real_folder: Path
) -> None:
    expected: Counter[str] = Counter()
    for row in read_source(real_folder, "trans"):
        side = "C" if row["type"] == "PRIJEM" else "D"
        expected[side] += int(row["amount"].replace(".", ""))
    entries = fetch_all(
        deliveries,
        "select debit_credit, cast(sum(amount) * 100 as bigint) "
        'from "teller.transaction" group by all',
    )
    stated = fetch_all(
        deliveries,
        "select regexp_extract(label, '=([CD])', 1), cast(sum(total) * 100 as bigint) from control "
        "where feed = 'teller.transaction' and label like '%debit_credit%' group by all",
    )
    assert dict(entries) == dict(stated) == dict(expected)  # type: ignore[arg-type]


def test_birth_dates_and_genders_follow_the_birth_numbers(
    deliveries: Deliveries, real_folder: Path
) -> None:
    numbers = {row["client_id"]: row["birth_number"] for row in read_source(real_folder, "client")}
    people = deliveries.execute(
        'select customer_id, birth_date, gender from "branch.customer"'
    ).fetchall()
    for customer, birth_date, gender in people:
        year, month, day = (int(numbers[customer][at : at + 2]) for at in (0, 2, 4))
        woman = month > 50
        assert birth_date == date(1900 + year, month - 50 * woman, day)
        assert gender == ("F" if woman else "M")
    assert Counter(gender for *_, gender in people).keys() == {"F", "M"}


def test_mandatory_feeds_come_every_night_full_feeds_once_and_no_other_comes_empty(
    deliveries: Deliveries,
) -> None:
    nights = [
        FIRST_DATE + timedelta(days=offset) for offset in range((LAST_DATE - FIRST_DATE).days + 1)
    ]
    for contract in DELIVERED:
        found = fetch_all(
            deliveries,
            "select distinct business_date, rows from control "
            f"where feed = '{contract.name}' order by 1",
        )
        dates = [row[0] for row in found]
        if contract.mandatory:
            assert dates == nights
        else:
            assert all(row[1] for row in found), contract.name
        if contract.delivery == "full":
            assert dates == [FIRST_DATE]


@pytest.mark.parametrize("contract", DELIVERED, ids=lambda contract: contract.name)
def test_rows_satisfy_the_contract(deliveries: Deliveries, contract: Contract) -> None:
    table = f'"{contract.name}"'
    conditions = [rule.sql for rule in contract.rules]
    for column in contract.columns:
        if not column.nullable:
            conditions.append(f"{column.name} is not null")
        if column.accepted:
            accepted = ", ".join(f"'{value}'" for value in column.accepted)
            conditions.append(f"coalesce({column.name} in ({accepted}), true)")
        if column.minimum is not None:
            conditions.append(f"coalesce({column.name} >= {column.minimum}, true)")
        if column.maximum is not None:
            conditions.append(f"coalesce({column.name} <= {column.maximum}, true)")
    for condition in conditions:
        broken = fetch_all(deliveries, f"from {table} where ({condition}) is not true limit 1")
        assert not broken, condition
    key = ", ".join(contract.key)
    repeated = fetch_all(
        deliveries, f"select 1 from {table} group by business_date, {key} having count(*) > 1"
    )
    assert not repeated


@pytest.mark.parametrize("contract", DELIVERED, ids=lambda contract: contract.name)
def test_references_were_delivered_that_night_or_before(
    deliveries: Deliveries, contract: Contract
) -> None:
    for column in contract.columns:
        if column.references is None or column.references.startswith("teller.teller."):
            continue
        feed, _, name = column.references.rpartition(".")
        orphans = fetch_all(
            deliveries,
            f'from "{contract.name}" as child where {column.name} is not null and not exists ('
            f'from "{feed}" as parent where parent.{name} = child.{column.name} '
            "and parent.business_date <= child.business_date)",
        )
        assert not orphans, column.name


@pytest.mark.parametrize("contract", DELIVERED, ids=lambda contract: contract.name)
def test_control_files_state_rows_totals_hash_and_an_unbroken_sequence(
    deliveries: Deliveries, contract: Contract
) -> None:
    stated = fetch_all(
        deliveries, f"select distinct path, sha256 from control where feed = '{contract.name}'"
    )
    for path, sha256 in stated:
        assert hash_file(Path(str(path))) == sha256
    sequences = fetch_all(
        deliveries,
        f"select distinct business_date, sequence from control where feed = '{contract.name}'"
        " order by 1",
    )
    assert [row[1] for row in sequences] == list(range(1, len(sequences) + 1))
    counts = f'(select business_date, count(*) as n from "{contract.name}" group by 1)'
    different = fetch_all(
        deliveries,
        f"select 1 from control left join {counts} using (business_date) "
        f"where feed = '{contract.name}' and rows <> coalesce(n, 0)",
    )
    assert not different
    for total in contract.control_totals:
        where = " and ".join(f"{name} = '{value}'" for name, value in total.where.items())
        different = fetch_all(
            deliveries,
            f"select 1 from control left join (select business_date, sum({total.column}) "
            f'filter ({where or "true"}) as found from "{contract.name}" group by 1) '
            f"using (business_date) where feed = '{contract.name}' and label = '{total.label}' "
            "and total <> coalesce(found, 0)",
        )
        assert not different, total.label


def test_nothing_is_dated_later_than_the_night_that_delivers_it(deliveries: Deliveries) -> None:
    planned = {"due_date", "maturity_date"}
    for contract in DELIVERED:
        for column in contract.columns:
            if column.type != "date" or column.name in planned:
                continue
            later = fetch_all(
                deliveries, f'from "{contract.name}" where {column.name} > business_date'
            )
            assert not later, f"{contract.name}.{column.name}"


def test_a_shorter_run_writes_the_same_first_nights(
    real_summary: BerkaSummary, real_folder: Path, real_landing: Path, tmp_path: Path
) -> None:
    until = date(1993, 3, 15)
    make_berka_extracts(real_folder, tmp_path, until=until)
    written = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*_r0.*")}
    expected = {
        path.relative_to(real_landing): path.read_bytes()
        for path in real_landing.rglob("*_r0.*")
        if path.name.rsplit("_", 2)[1] <= until.isoformat()
    }
    assert real_summary.last_date > until
    assert written == expected


def test_all_running_balances_chain_within_their_rounding(real_summary: BerkaSummary) -> None:
    assert real_summary.balances == BalanceCheck(
        account_days=38821,
        exact=36839,
        rounded=1982,
        unexplained=0,
        several_entries=7409,
        highest_id_not_last=5430,
    )


def test_balances_move_by_the_entries_of_the_day_up_to_rounding(deliveries: Deliveries) -> None:
    days = deliveries.execute(
        """
        select
            balance - coalesce(lag(balance) over (
                partition by account_id order by business_date
            ), 0) - moved,
            entries
        from "branch.account_balance"
        full join (
            select account_id, business_date, count(*) as entries,
                sum(if(debit_credit = 'C', amount, -amount)) as moved
            from "teller.transaction" group by 1, 2
        ) using (account_id, business_date)
        """
    ).fetchall()
    assert len(days) == 38821
    assert all(abs(gap) <= Decimal("0.10") * entries for gap, entries in days)


def test_loan_5314_is_the_only_one_in_arrears(deliveries: Deliveries) -> None:
    overdue = fetch_all(
        deliveries,
        "select loan_id, min(business_date), max(days_past_due), "
        "arg_max(overdue_principal, business_date) "
        'from "loan.loan_status" where days_past_due > 0 group by 1',
    )
    # The instalment of 1993-07-12 is unpaid for 242 days, until the payment of 1994-03-12.
    assert overdue == [("5314", date(1993, 7, 13), 242, Decimal("64263.80"))]


def test_a_loan_position_falls_by_its_repayments(deliveries: Deliveries) -> None:
    positions = fetch_all(
        deliveries,
        "select loan_id, min(principal_amount) - coalesce(sum(principal_paid), 0) "
        'from "loan.loan" left join "loan.repayment" using (loan_id) group by 1 order by 1',
    )
    last = fetch_all(
        deliveries,
        "select loan_id, arg_max(principal_balance, business_date) "
        'from "loan.loan_status" group by 1 order by 1',
    )
    assert last == positions


def test_the_documentation_states_the_figures_of_the_files(real_summary: BerkaSummary) -> None:
    text = DOCUMENTATION.read_text(encoding="utf-8")
    balances = real_summary.balances
    figures = [balances.account_days, balances.exact, balances.rounded, balances.several_entries]
    figures += [balances.highest_id_not_last, *(part.rows for part in real_summary.left_out)]
    figures += [*real_summary.findings.values(), *real_summary.rows.values()]
    assert [figure for figure in figures if f"{figure:,}" not in text] == []
