"""The organisation as it was on each night, climbed unit by unit from the delivered trees."""

from __future__ import annotations

from datetime import date

from tests.integration.oracle.bank import OracleBank
from tests.integration.oracle.deliveries import Row

LEVELS = {"HEAD_OFFICE": 0, "REGION": 1, "BRANCH": 2}
Tree = dict[str, Row]


def test_level_names_of_a_unit_are_those_of_the_tree_as_it_was(bank: OracleBank) -> None:
    for night, tree in _trees(bank).items():
        rows = bank.published.execute(
            """
            select branch_id, head_office_name, region_name, main_branch_name
            from marts.dim_branch
            where branch_durable_key > 0 and valid_from <= $1 and $1 < valid_to
            """,
            [night],
        ).fetchall()
        published = {unit: tuple(names) for unit, *names in rows}
        assert published == {unit: _names(tree, unit) for unit in tree}


def test_the_closure_of_a_night_is_every_unit_under_all_above_it(bank: OracleBank) -> None:
    for night, tree in _trees(bank).items():
        rows = bank.published.execute(
            """
            select up.branch_id, down.branch_id, c.depth_from_ancestor, c.is_top
            from marts.bridge_org_closure as c
            join marts.dim_branch as up
                on c.ancestor_branch_durable_key = up.branch_durable_key and up.is_current
            join marts.dim_branch as down
                on c.descendant_branch_durable_key = down.branch_durable_key and down.is_current
            where c.descendant_branch_durable_key > 0 and c.valid_from <= $1 and $1 < c.valid_to
            """,
            [night],
        ).fetchall()
        lines = {unit: _climb(tree, unit) for unit in tree}
        expected = [
            (above, unit, steps, above == line[-1])
            for unit, line in lines.items()
            for steps, above in enumerate(line)
        ]
        assert sorted(rows) == sorted(expected)


def test_a_merged_unit_is_its_last_successor_today(sample: OracleBank) -> None:
    tree = list(_trees(sample).values())[-1]
    expected = {unit: _today(tree, unit) for unit in tree}
    rows = sample.published.execute(
        """
        select b.branch_id, t.branch_id
        from marts.dim_branch as b
        join marts.dim_branch as t
            on b.current_branch_durable_key = t.branch_durable_key and t.is_current
        where b.branch_durable_key > 0
        """
    ).fetchall()
    assert dict(rows) == expected
    assert sum(unit != today for unit, today in expected.items()) > 1


def test_the_path_of_a_unit_is_its_line_in_the_tree_of_today(bank: OracleBank) -> None:
    tree = list(_trees(bank).values())[-1]
    lines = {unit: reversed(_climb(tree, _today(tree, unit))) for unit in tree}
    rows = bank.published.execute(
        """
        select b.branch_id, p.branch_path
        from marts.dim_organisation_path as p
        join marts.dim_branch as b on p.branch_durable_key = b.branch_durable_key and b.is_current
        """
    ).fetchall()
    assert dict(rows) == {unit: f"/{'/'.join(line)}/" for unit, line in lines.items()}


def test_the_book_of_a_customer_names_its_managers_of_the_business_date(bank: OracleBank) -> None:
    ((day,),) = bank.published.execute("select business_date from meta.version").fetchall()
    known = bank.published.execute("select manager_id from marts.dim_manager").fetchall()
    expected = {}
    for customer in bank.managers.customers():
        shares = bank.managers.shares(customer, day) if customer > 0 else {}
        names = [m for m, share in sorted(shares.items()) if share > 0 and (m,) in known]
        if names:
            expected[customer] = f"/{'/'.join(names)}/"
    rows = bank.published.execute("select * from marts.dim_customer_book").fetchall()
    assert dict(rows) == expected


def _trees(bank: OracleBank) -> dict[date, Tree]:
    trees: dict[date, Tree] = {}
    for delivery in bank.landing.deliveries("branch.branch"):
        trees[delivery.business_date] = {row["branch_id"]: row for row in delivery.rows}
    return trees


def _climb(tree: Tree, unit: str) -> list[str]:
    line = [unit]
    while parent := tree[line[-1]]["parent_branch_id"]:
        line.append(parent)
    return line


def _names(tree: Tree, unit: str) -> tuple[str | None, ...]:
    names: list[str | None] = [None] * len(LEVELS)
    for above in _climb(tree, unit):
        if tree[above]["branch_level"] in LEVELS:
            names[LEVELS[tree[above]["branch_level"]]] = tree[above]["branch_name"]
    return tuple(names)


def _today(tree: Tree, unit: str) -> str:
    while successor := tree[unit]["successor_branch_id"]:
        unit = successor
    return unit
