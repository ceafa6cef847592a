"""Rules of the conversion, each on a bank of a few rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from bankcrm.errors import BankcrmError, RejectedDelivery
from pipelines.sources.berka import LeftOut, make_berka_extracts

Convert = Callable[..., duckdb.DuckDBPyConnection]
WriteBank = Callable[..., Path]


@pytest.mark.parametrize(
    ("birth_number", "birth_date", "gender"),
    [
        ("706213", date(1970, 12, 13), "F"),
        ("450204", date(1945, 2, 4), "M"),
        ("445229", date(1944, 2, 29), "F"),
        ("101231", date(1910, 12, 31), "M"),
        ("105101", date(1910, 1, 1), "F"),
    ],
)
def test_a_birth_number_tells_birth_date_and_gender(
    convert: Convert, birth_number: str, birth_date: date, gender: str
) -> None:
    bank = convert(client="\n".join(f'{client};"{birth_number}";1' for client in range(10, 14)))
    people = bank.execute(
        'select distinct birth_date, gender from (select * from "branch.customer" '
        'union all by name select * from "card.customer" '
        'union all by name select * from "loan.customer")'
    ).fetchall()
    assert people == [(birth_date, gender)]


@pytest.mark.parametrize(
    ("entry", "code", "side"),
    [
        ('"PRIJEM";"VKLAD";5.00;5.00;""', "CASH_DEPOSIT", "C"),
        ('"VYDAJ";"VYBER";5.00;5.00;""', "CASH_WITHDRAWAL", "D"),
        ('"VYBER";"VYBER";5.00;5.00;""', "CASH_WITHDRAWAL", "D"),
        ('"VYDAJ";"VYBER KARTOU";5.00;5.00;" "', "CARD_WITHDRAWAL", "D"),
        ('"PRIJEM";"PREVOD Z UCTU";5.00;5.00;""', "TRANSFER_IN", "C"),
        ('"PRIJEM";"PREVOD Z UCTU";5.00;5.00;"DUCHOD"', "PENSION", "C"),
        ('"VYDAJ";"PREVOD NA UCET";5.00;5.00;" "', "TRANSFER_OUT", "D"),
        ('"VYDAJ";"PREVOD NA UCET";5.00;5.00;"POJISTNE"', "INSURANCE_PAYMENT", "D"),
        ('"VYDAJ";"PREVOD NA UCET";5.00;5.00;"SIPO"', "HOUSEHOLD_PAYMENT", "D"),
        ('"VYDAJ";"PREVOD NA UCET";5.00;5.00;"UVER"', "LOAN_PAYMENT", "D"),
        ('"PRIJEM";"";5.00;5.00;"UROK"', "INTEREST_CREDIT", "C"),
        ('"VYDAJ";"VYBER";5.00;5.00;"SLUZBY"', "FEE", "D"),
        ('"VYDAJ";"VYBER";5.00;5.00;"SANKC. UROK"', "INTEREST_PENALTY", "D"),
        ('"VYDAJ";"VYBER";5.00;5.00;"SIPO"', "CASH_WITHDRAWAL", "D"),
    ],
)
def test_type_operation_and_symbol_tell_the_kind_of_an_entry(
    convert: Convert, entry: str, code: str, side: str
) -> None:
    bank = convert(trans=f"90;1;930101;{entry};;")
    found = bank.execute(
        'select transaction_type_code, debit_credit from "teller.transaction"'
    ).fetchall()
    assert found == [(code, side)]


def test_a_counterparty_is_its_account_and_bank_and_an_account_without_bank_is_none(
    convert: Convert,
) -> None:
    found = convert().execute(
        'select transaction_id, counterparty_account from "teller.transaction" order by 1'
    )
    assert found.fetchall() == [("90", None), ("91", "00000012/AB"), ("92", None), ("93", None)]


def test_the_balance_of_a_day_is_that_of_the_entry_that_ends_the_chain(convert: Convert) -> None:
    found = convert().execute(
        'select business_date, account_id, balance from "branch.account_balance" order by all'
    )
    assert found.fetchall() == [
        (date(1993, 1, 1), "1", Decimal("700.00")),
        (date(1993, 1, 3), "2", Decimal("900.00")),
        (date(1993, 1, 5), "1", Decimal("640.00")),
    ]


def test_every_night_has_the_mandatory_feeds_and_the_others_only_when_there_is_news(
    write_tiny_bank: WriteBank, tmp_path: Path
) -> None:
    nights: list[date] = []
    summary = make_berka_extracts(
        write_tiny_bank(), tmp_path / "landing", on_progress=nights.append
    )
    assert nights == [date(1993, 1, day) for day in range(1, 6)]
    assert summary.files == {
        "branch.branch": 1,
        "branch.product": 1,
        "branch.customer": 2,
        "branch.account": 2,
        "branch.account_party": 2,
        "branch.account_balance": 5,
        "teller.transaction": 5,
        "card.customer": 1,
        "card.card": 1,
        "loan.customer": 1,
        "loan.loan": 1,
        "loan.schedule": 1,
        "loan.repayment": 0,
        "loan.loan_status": 1,
    }


def test_what_lies_outside_the_slice_is_counted_with_its_reason(
    write_tiny_bank: WriteBank, tmp_path: Path
) -> None:
    summary = make_berka_extracts(write_tiny_bank(), tmp_path / "landing", until=date(1993, 1, 4))
    later = "account opened after the last business date"
    assert summary.last_date == date(1993, 1, 4)
    assert summary.left_out == (
        LeftOut("account", 1, later),
        LeftOut(
            "client", 1, "party only to accounts opened after the last business date, or to none"
        ),
        LeftOut("disp", 1, later),
        LeftOut("card", 1, later),
        LeftOut("card", 1, "issued after the last business date"),
        LeftOut("loan", 1, later),
        LeftOut("loan", 1, "granted after the last business date"),
        LeftOut("order", 1, "standing orders carry no date, and no feed takes them"),
        LeftOut("trans", 2, "posted after the last business date"),
    )


def test_card_and_loan_systems_number_a_client_on_their_own_but_keep_the_document(
    convert: Convert,
) -> None:
    bank = convert()
    for feed, customer in (("branch", "10"), ("card", "C10"), ("loan", "L10")):
        found = bank.execute(
            f'select customer_id, document_type from "{feed}.customer" '
            "where document_number = '10'"
        ).fetchall()
        assert found == [(customer, "BANK_CLIENT_NUMBER")]


def test_an_authorised_party_has_no_share(convert: Convert) -> None:
    found = convert().execute(
        'select customer_id, party_role, share from "branch.account_party" order by 1'
    )
    assert found.fetchall() == [("10", "OWNER", 1), ("11", "AUTHORISED", 0), ("12", "OWNER", 1)]


@pytest.mark.parametrize(
    ("granted", "first_due", "last_due"),
    [
        ("930102", date(1993, 1, 12), date(1993, 12, 12)),
        ("930111", date(1993, 1, 12), date(1993, 12, 12)),
        ("930112", date(1993, 2, 12), date(1994, 1, 12)),
        ("931231", date(1994, 1, 12), date(1994, 12, 12)),
    ],
)
def test_instalments_fall_due_on_the_12th_after_the_loan_was_granted(
    convert: Convert, granted: str, first_due: date, last_due: date
) -> None:
    bank = convert(
        loan=f'7;1;{granted};1200;12;100.00;"A"',
        trans=f'90;1;{granted};"PRIJEM";"VKLAD";7.00;7.00;"";;',
    )
    found = bank.execute(
        'select min(due_date), max(due_date), count(*), sum(principal_due) from "loan.schedule"'
    ).fetchone()
    assert found == (first_due, last_due, 12, 1200)
    assert bank.execute('select maturity_date, status from "loan.loan"').fetchall() == [
        (last_due, "ACTIVE")
    ]


def loan_entry(number: int, day: str, amount: str, balance: str) -> str:
    return f'{number};1;{day};"VYDAJ";"PREVOD NA UCET";{amount};{balance};"UVER";"AB";"12345678"'


def test_days_past_due_count_from_the_oldest_unpaid_instalment_until_it_is_paid(
    convert: Convert,
) -> None:
    bank = convert(
        trans="\n".join(
            (
                '90;1;930101;"PRIJEM";"VKLAD";700.00;700.00;"";;',
                loan_entry(91, "930212", "100.00", "600.00"),
                loan_entry(92, "930214", "100.00", "500.00"),
            )
        )
    )
    found = bank.execute(
        "select strftime(business_date, '%m%d'), principal_balance, overdue_principal, "
        'days_past_due from "loan.loan_status" order by business_date'
    ).fetchall()
    assert found[0] == ("0102", 1200, 0, 0)
    assert found[1] == ("0113", 1200, 100, 1)
    assert found[30] == ("0211", 1200, 100, 30)
    assert found[31:] == [
        ("0212", 1100, 0, 0),
        ("0213", 1100, 100, 1),
        ("0214", 1000, 0, 0),
    ]


def test_the_half_koruna_that_the_loan_file_rounds_away_is_no_arrears(convert: Convert) -> None:
    bank = convert(
        trans="\n".join(
            (
                '90;1;930101;"PRIJEM";"VKLAD";700.00;700.00;"";;',
                loan_entry(91, "930112", "99.50", "600.50"),
                loan_entry(92, "930212", "99.50", "501.00"),
                '93;1;930301;"PRIJEM";"VKLAD";1.00;502.00;"";;',
            )
        )
    )
    found = bank.execute(
        'select principal_balance, overdue_principal, days_past_due from "loan.loan_status" '
        "order by business_date"
    )
    assert found.fetchall() == [(1200, 0, 0), (Decimal("1100.50"), 0, 0), (1001, 0, 0)]


def test_a_missing_file_is_named(write_tiny_bank: WriteBank, tmp_path: Path) -> None:
    folder = write_tiny_bank()
    (folder / "loan.asc").unlink()
    with pytest.raises(BankcrmError, match=r"lacks loan\.asc") as error:
        make_berka_extracts(folder, tmp_path / "landing")
    assert error.value.remedy


OWNERS = [
    f'{90 + client};{client};{account};"OWNER"' for client, account in enumerate((1, 1, 2, 3), 10)
]
FIRST = '90;1;930101;"PRIJEM";"VKLAD";700.00;700.00;"";;'


@pytest.mark.parametrize(
    ("file", "rows", "problem"),
    [
        ("trans", FIRST + '\n91;1;930101;"PRIJEM";"VKLAD"', "Expected Number of Columns"),
        ("trans", FIRST + '\n91;1;930101;"PRIJEM', "unterminated quote"),
        ("trans", FIRST + "\n\n" + FIRST.replace("90", "91"), "3 lines .* but 2 rows"),
        ("trans", FIRST + "\n" + FIRST, "1 rows repeat a trans_id"),
        ("trans", FIRST.replace("930101", "930230"), r"date is wrong .*'930230' \(line 2\)"),
        ("trans", FIRST.replace("700.00", "7,00"), "amount is wrong .*balance is wrong"),
        ("trans", FIRST.replace("700.00", "-7.00"), "amount is wrong"),
        ("trans", FIRST.replace("VKLAD", "DAR"), "operation is wrong .*'DAR'"),
        ("trans", FIRST.replace('""', '"DAR"'), "k_symbol is wrong .*'DAR'"),
        ("trans", FIRST.replace("PRIJEM", "DAR"), "type is wrong .*'DAR'"),
        ("trans", FIRST.replace("VKLAD", ""), "1 entries without operation"),
        ("trans", FIRST.replace(";1;", ";99;"), r"account_id is not in account\.asc .*'99'"),
        ("trans", FIRST.replace(";1;", ";2;"), "1 entries posted before .*: 90"),
        ("trans", "", "lines"),
        ("account", '1;1;"DENNE";930101', "frequency is wrong"),
        ("account", '1;5;"POPLATEK MESICNE";930101', r"district_id is not in district\.asc"),
        ("client", '10;"701313";1', "birth_number is wrong .*'701313'"),
        ("client", '10;"70x213";1', "birth_number is wrong .*'70x213'"),
        ("disp", "\n".join(OWNERS), "1 accounts without exactly one OWNER: 1"),
        ("card", '5;100;"gold";930104', "issued is wrong"),
        ("card", '5;100;"platinum";930104 00:00:00', "type is wrong"),
        ("loan", '7;1;930102;1200;12;99.00;"A"', "1 loans whose instalments do not add up"),
        ("loan", '7;2;930102;1200;12;100.00;"A"', "1 loans granted before"),
        ("loan", '7;1;930102;1200;0;100.00;"A"', "duration is wrong"),
    ],
)
def test_a_malformed_file_is_rejected_by_name_with_what_is_wrong(
    write_tiny_bank: WriteBank, tmp_path: Path, file: str, rows: str, problem: str
) -> None:
    with pytest.raises(RejectedDelivery, match=problem) as error:
        make_berka_extracts(write_tiny_bank(**{file: rows}), tmp_path / "landing")
    assert error.value.remedy
    assert not (tmp_path / "landing").exists()


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (b"\r\n", b"\n", "CR LF"),
        (b'"trans_id";"account_id"', b'"account_id";"trans_id"', "the header is"),
        (b"VKLAD", b"VKL\xc1D", "(?i)unicode"),
    ],
)
def test_a_file_written_otherwise_is_rejected(
    write_tiny_bank: WriteBank, tmp_path: Path, old: bytes, new: bytes, problem: str
) -> None:
    folder = write_tiny_bank()
    path = folder / "trans.asc"
    path.write_bytes(path.read_bytes().replace(old, new))
    with pytest.raises(RejectedDelivery, match=problem) as error:
        make_berka_extracts(folder, tmp_path / "landing")
    assert error.value.file == "trans.asc"


def test_a_file_of_no_transactions_is_rejected(write_tiny_bank: WriteBank, tmp_path: Path) -> None:
    folder = write_tiny_bank()
    path = folder / "trans.asc"
    path.write_bytes(path.read_bytes().split(b"\r\n")[0] + b"\r\n")
    with pytest.raises(RejectedDelivery, match="no transaction"):
        make_berka_extracts(folder, tmp_path / "landing")


def test_an_end_before_the_first_transaction_is_refused(
    write_tiny_bank: WriteBank, tmp_path: Path
) -> None:
    with pytest.raises(BankcrmError, match="1992-12-31") as error:
        make_berka_extracts(write_tiny_bank(), tmp_path / "landing", until=date(1992, 12, 31))
    assert "1993-01-01" in error.value.remedy


def test_a_day_whose_balances_do_not_chain_is_counted_and_keeps_a_balance_of_the_file(
    write_tiny_bank: WriteBank, tmp_path: Path
) -> None:
    folder = write_tiny_bank(trans=FIRST.replace("700.00;700.00", "700.00;650.00"))
    summary = make_berka_extracts(folder, tmp_path / "landing")
    assert (summary.balances.unexplained, summary.balances.account_days) == (1, 1)
    found = (tmp_path / "landing").glob("branch/account_balance/*.csv")
    assert [path.read_text().splitlines()[1:] for path in found] == [["1,650.00"]]
