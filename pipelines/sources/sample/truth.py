"""Who stands behind each customer of each system: what linkage is judged by."""

from __future__ import annotations

import duckdb
import numpy as np

from pipelines.sources.sample.feeds import to_arrow
from pipelines.sources.sample.formats import (
    CUSTOMER_IDS,
    PERSON_ID,
)
from pipelines.sources.sample.simulation import Bank
from pipelines.sources.sample.sql import call


def make_truth(connection: duckdb.DuckDBPyConnection, bank: Bank) -> None:
    """Make table ``truth``: who stands behind each customer of each system."""
    for table, system, number in (
        ("truth_branch", "branch", np.arange(bank.people.size)),
        ("truth_card", "card", bank.people.card_number),
        ("truth_loan", "loan", bank.people.loan_number),
    ):
        delivered = np.unique(bank.records[system]["person"])
        rows = {"person": delivered, "number": number[delivered]}
        connection.register("source_rows", to_arrow(rows))
        connection.execute(f"""create table {table} as
            select {call(PERSON_ID, "person")} as person_id, '{system}' as source_system,
                {call(CUSTOMER_IDS[system], "number")} as customer_id
            from source_rows""")
        connection.unregister("source_rows")
    connection.execute("""create table truth as
        from truth_branch union all from truth_card union all from truth_loan""")
