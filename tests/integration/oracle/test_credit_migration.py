"""fct_credit_migration against the classes of two months' ends."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal
from fractions import Fraction

from tests.integration.oracle.bank import OracleBank
from tests.integration.oracle.credit_months import owed_before
from tests.integration.oracle.figures import half_up

Cell = tuple[str, date, str, str | None]


def test_every_cell_of_the_migration_matrix_counts_the_exposures_that_moved_so(
    bank: OracleBank,
) -> None:
    expected: dict[Cell, tuple[int, Fraction, Fraction]] = defaultdict(
        lambda: (0, Fraction(), Fraction())
    )
    for account in bank.classes.standings:
        for month in bank.accounts.months:
            start, end = owed_before(bank, account, month), bank.classes.of(account, month.end)
            if start is None or end is None:
                continue
            owed = max(end.standing.balance, Fraction())
            cell = (account[0].upper(), month.end, start.grade, end.grade if owed else None)
            count, before, after = expected[cell]
            expected[cell] = (count + 1, before + start.standing.balance, after + owed)
    assert _published(bank) == {
        cell: (count, half_up(before), half_up(after))
        for cell, (count, before, after) in expected.items()
    }


def _published(bank: OracleBank) -> dict[Cell, tuple[int, Decimal, Decimal]]:
    rows = bank.published.execute(
        """
        select m.asset_kind, m.month_end_date, s.risk_grade_code, e.risk_grade_code,
            m.exposure_count, m.start_balance, m.end_balance
        from marts.fct_credit_migration as m
        inner join marts.dim_risk_grade as s on m.start_risk_grade_key = s.risk_grade_key
        inner join marts.dim_risk_grade as e on m.end_risk_grade_key = e.risk_grade_key
        """
    ).fetchall()
    return {row[:4]: row[4:] for row in rows}
