"""The workbook of `bankcrm export` on the sample bank: what its sheets add up to, by plain SQL."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl

from bankcrm.settings import Settings
from bankcrm.warehouse.versions import open_published
from cube.export import Order, export_workbook
from cube.export.workbook import HEADER_ROW

# Each sheet with its mart and, for columns of the sheet, plain SQL over the mart. Sums are taken
# month by month, which is right for balances too.
TOTALS: dict[str, tuple[str, str, dict[str, str]]] = {
    "Profit": (
        "fct_profit_monthly",
        "month_end_date",
        {
            "FTP margin": "sum(ftp_margin_amount)",
            "Fee income": "sum(fee_income_amount)",
            "Contribution before cost": "sum(contribution_before_cost_amount)",
            "Value added tax": "sum(vat_amount)",
            "Surcharge": "sum(surcharge_amount)",
            "Cost to serve": "sum(cost_to_serve_amount)",
            "Expected loss": "sum(expected_loss_amount)",
            "Contribution before tax": "sum(pre_tax_contribution_amount)",
            "Income tax": "sum(income_tax_amount)",
            "Net contribution": "sum(net_contribution_amount)",
            "Capital charge": "sum(capital_charge_amount)",
            "Economic value added": "sum(economic_value_added_amount)",
        },
    ),
    "Customer segments": (
        "fct_customer_monthly",
        "month_end_date",
        {
            "Customers": "count(distinct customer_durable_key)",
            "Assets under management": "sum(aum_end_balance)",
            "Deposits": "sum(deposit_end_balance)",
            "Loans": "sum(loan_end_balance)",
            "Net contribution": "sum(net_contribution_amount)",
            "Customers below marginal cost": "count_if(is_below_marginal_cost)",
        },
    ),
    "Balances": (
        "fct_account_monthly",
        "month_end_date",
        {
            "Closing deposits": "sum(end_balance) filter (account_type = 'DEPOSIT')",
            "Opening deposits": "sum(opening_balance) filter (account_type = 'DEPOSIT')",
            "Closing loans and cards": "sum(end_balance) filter (account_type <> 'DEPOSIT')",
            "Open accounts": "count_if(is_open)",
            "Interest income": "sum(interest_income_amount)",
            "Interest expense": "sum(interest_expense_amount)",
            "Fee income": "sum(fee_income_amount)",
        },
    ),
    "Credit quality": (
        "fct_loan_monthly",
        "month_end_date",
        {
            "Loans": "count(distinct account_durable_key)",
            "Loan balance": "sum(principal_balance)",
            "Non-performing balance": "sum(principal_balance) filter (is_non_performing)",
            "Overdue principal": "sum(overdue_principal_amount)",
            "Expected credit loss": "sum(expected_credit_loss_amount)",
            "Risk-weighted assets": "sum(risk_weighted_amount)",
        },
    ),
    "Transactions": (
        "fct_transaction",
        "value_date",
        {
            "Transactions": "count(*)",
            "Net turnover": "sum(net_amount)",
            "Debit turnover": "sum(amount) filter (debit_credit = 'D')",
            "Credit turnover": "sum(amount) filter (debit_credit = 'C')",
            "Net fee income": "sum(net_fee_income_amount)",
            "Cost to serve": "sum(cost_amount)",
        },
    ),
    "Manager scorecard": (
        "fct_manager_score",
        "month_end_date",
        {"Average score": "sum(score)", "Average covered weight": "sum(covered_weight)"},
    ),
    "Manager measures": (
        "fct_manager_kpi",
        "month_end_date",
        {"Score contribution": "sum(score_contribution)"},
    ),
}


def test_each_sheet_adds_up_to_the_marts(sample_bank: Settings, tmp_path: Path) -> None:
    path = tmp_path / "bank.xlsx"
    export_workbook(sample_bank, {"groups": ["admin"], "sub": "Ann"}, Order(output=path))
    workbook = openpyxl.load_workbook(path)
    assert set(workbook.sheetnames) == {"About", *TOTALS, "Refresh"}
    with open_published(sample_bank) as connection:
        for sheet, (mart, date_column, figures) in TOTALS.items():
            rows = _read(workbook[sheet])
            for title, sql in figures.items():
                months = (
                    f"select last_day({date_column}) as month, {sql} from marts.{mart} group by all"
                )
                asked = connection.execute(months).fetchall()
                assert {_month(row["Month"]) for row in rows} == {_month(day) for day, _ in asked}
                for month, expected in asked:
                    _compare(rows, title, month, expected)


def _read(sheet: Any) -> list[dict[str, Any]]:
    header, *rows = sheet.iter_rows(min_row=HEADER_ROW, values_only=True)
    return [dict(zip(map(str, header), row, strict=True)) for row in rows]


def _compare(rows: list[dict[str, Any]], title: str, month: date, expected: object) -> None:
    """The figures of a month, as the decimals that were written, add up exactly; those that are
    computed as floating-point numbers to nine digits."""
    in_month = [row for row in rows if _month(row["Month"]) == _month(month)]
    found = sum((Decimal(str(row[title] or 0)) for row in in_month), Decimal(0))
    wanted = Decimal(str(expected or 0))
    tolerance = abs(wanted) * Decimal("1e-9") if isinstance(expected, float) else 0
    assert abs(found - wanted) <= tolerance, (title, month, found, wanted)


def _month(day: date) -> tuple[int, int]:
    return day.year, day.month
