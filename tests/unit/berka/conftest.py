"""The real bank where its files are, a bank of a few rows, and a reader of deliveries."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from pipelines.contracts.contract import Contract, load_contracts
from pipelines.landing.control import ControlFile, control_path
from pipelines.sources.berka import BerkaSummary, make_berka_extracts
from tests.tools import find_berka, require

TINY_BANK = {
    "district": """A1;A2;A3;A4;A5;A6;A7;A8;A9;A10;A11;A12;A13;A14;A15;A16
1;"Praha";"Prague";9;0;0;0;1;1;100.0;9;0.29;0.43;9;85677;99107
69;"Jesenik";"north Moravia";9;0;0;0;1;1;100.0;9;?;0.43;9;?;9
""",
    "account": """"account_id";"district_id";"frequency";"date"
1;1;"POPLATEK MESICNE";930101
2;69;"POPLATEK TYDNE";930103
3;69;"POPLATEK PO OBRATU";950103
""",
    "client": """"client_id";"birth_number";"district_id"
10;"706213";1
11;"450204";69
12;"450204";69
13;"450204";69
""",
    "disp": """"disp_id";"client_id";"account_id";"type"
100;10;1;"OWNER"
101;11;1;"DISPONENT"
102;12;2;"OWNER"
103;13;3;"OWNER"
""",
    "card": """"card_id";"disp_id";"type";"issued"
5;100;"gold";930104 00:00:00
6;102;"classic";950104 00:00:00
7;103;"classic";950104 00:00:00
""",
    "loan": """"loan_id";"account_id";"date";"amount";"duration";"payments";"status"
7;1;930102;1200;12;100.00;"D"
8;2;950102;1200;12;100.00;"A"
9;3;950102;1200;12;100.00;"A"
""",
    "order": """"order_id";"account_id";"bank_to";"account_to";"amount";"k_symbol"
1;1;"YZ";"87144583";100.00;"UVER"
""",
    "trans": (
        """"trans_id";"account_id";"date";"type";"operation";"amount";"balance";"""
        """"k_symbol";"bank";"account"
90;1;930101;"PRIJEM";"VKLAD";700.00;700.00;"";;
91;2;930103;"PRIJEM";"PREVOD Z UCTU";900.00;900.00;" ";"AB";"00000012"
93;1;930105;"VYBER";"VYBER";50.00;640.00;"";;0
92;1;930105;"VYDAJ";"VYBER";10.00;690.00;"SLUZBY";;
"""
    ),
}


@pytest.fixture
def write_tiny_bank(tmp_path: Path) -> Callable[..., Path]:
    """Write the tiny bank; keyword arguments replace the rows of a file, below its header."""

    def write(**rows: str) -> Path:
        folder = tmp_path / "bank"
        folder.mkdir(exist_ok=True)
        for name, content in TINY_BANK.items():
            header = content.split("\n", maxsplit=1)[0] + "\n"
            text = header + rows[name] + "\n" if name in rows else content
            (folder / f"{name}.asc").write_bytes(text.replace("\n", "\r\n").encode())
        return folder

    return write


@pytest.fixture
def convert(
    write_tiny_bank: Callable[..., Path], tmp_path: Path
) -> Callable[..., duckdb.DuckDBPyConnection]:
    """Convert the tiny bank with the given rows and read back its deliveries."""

    def run(**rows: str) -> duckdb.DuckDBPyConnection:
        make_berka_extracts(write_tiny_bank(**rows), tmp_path / "landing")
        return read_deliveries(tmp_path / "landing")

    return run


@pytest.fixture(scope="session")
def real_folder() -> Path:
    return require(find_berka)


@pytest.fixture(scope="session")
def real_landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("berka") / "landing"


@pytest.fixture(scope="session")
def real_summary(real_folder: Path, real_landing: Path) -> BerkaSummary:
    return make_berka_extracts(real_folder, real_landing)


@pytest.fixture(scope="session")
def deliveries(real_summary: BerkaSummary, real_landing: Path) -> duckdb.DuckDBPyConnection:
    """Every delivery of the real bank, as tables named ``source.feed``."""
    assert real_summary.files
    return read_deliveries(real_landing)


def read_deliveries(landing: Path) -> duckdb.DuckDBPyConnection:
    """Read deliveries back into tables ``source.feed`` with business_date, and ``control``."""
    connection = duckdb.connect()
    connection.execute(
        "create table control(feed varchar, business_date date, sequence integer, "
        "rows integer, label varchar, total decimal(38, 2), sha256 varchar, path varchar)"
    )
    for contract in load_contracts().values():
        folder = landing / contract.source / contract.feed
        files = sorted(folder.glob("*.csv*")) if folder.is_dir() else []
        if files:
            _read_feed(contract, files, connection)
    return connection


def _read_feed(
    contract: Contract, files: list[Path], connection: duckdb.DuckDBPyConnection
) -> None:
    columns = ", ".join(f"'{c.name}': '{c.sql_type}'" for c in contract.columns)
    connection.execute(
        f'create table "{contract.name}" as select * exclude (filename), '
        "cast(regexp_extract(filename, '_([0-9-]{10})_r0', 1) as date) as business_date "
        f"from read_csv({[str(file) for file in files]}, delim = '{contract.format.delimiter}', "
        f"quote = '\"', header = true, auto_detect = false, columns = {{{columns}}}, "
        "filename = true)"
    )
    rows = []
    for file in files:
        control = ControlFile.model_validate_json(control_path(file).read_text("utf-8"))
        head = (contract.name, control.business_date, control.sequence, control.rows)
        totals = control.totals or {"": Decimal(0)}
        rows += [
            (*head, label, total, control.sha256, str(file)) for label, total in totals.items()
        ]
    connection.executemany("insert into control values (?, ?, ?, ?, ?, ?, ?, ?)", rows)
