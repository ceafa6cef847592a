"""No personal value stands in clear in anything that is written, except in the vault.

The canaries are every name, document, phone and address that the sample bank delivered, and names
planted where they do not belong: in rows that go into quarantine and in files that are rejected.
Every byte of the home is read, the landing folder and the vault apart.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from bankcrm.failpoints import PERMISSION, PLACE, FailpointReached
from bankcrm.files import hash_file
from bankcrm.settings import Settings
from pipelines.cli import app
from pipelines.contracts.contract import get_contract, load_contracts
from pipelines.contracts.stored_columns import personal_columns
from pipelines.landing.control import ControlFile, control_path
from pipelines.loading.raw import open_raw
from pipelines.publishing.parquet import write_exports
from pipelines.recovery.backup import back_up
from pipelines.refresh.refresh import refresh
from tests.faults.homes import NINTH
from tests.integration.banks import Redelivery, Rows

CANARIES = ("Quentin Xylander", "欧阳翠花", "X99887766Y", "15900000042", "7 Canary Wharf")
PLANTED = {
    "full_name": "Quentin Xylander",
    "document_number": "X99887766Y",
    "phone": "15900000042",
    "address": "7 Canary Wharf",
}
WIDTHS = ("utf-8", "utf-16-le", "gb18030")
PREFIX = 6
"""Bytes of a value that are looked up at once; shorter names are left out."""


def delivered_values(settings: Settings) -> set[str]:
    """Every value of a personal column in the landing folder; dates apart, which are not unique."""
    values = set()
    for contract in load_contracts().values():
        names = [c.name for c in personal_columns(contract) if c.personal != "birth_date"]
        folder = settings.landing_folder / contract.source / contract.feed
        for path in folder.glob("*.csv") if names else ():
            text = path.read_text(encoding=contract.format.encoding)
            lines = text.replace(contract.format.delimiter, "\t").splitlines()
            rows = csv.DictReader(lines, delimiter="\t")
            values |= {row.get(name) or "" for row in rows for name in names}
    return values


def staff_names(settings: Settings) -> set[str]:
    """Names of managers and tellers, who are shown; a customer may be their namesake."""
    with open_raw(settings, with_vault=False) as connection:
        rows = connection.execute(
            "select manager_name from branch.manager union select teller_name from teller.teller"
        ).fetchall()
    return {name for (name,) in rows}


def find_leaks(folders: Iterable[Path], values: set[str], apart: Iterable[Path]) -> list[str]:
    """File and value of every clear value found, in any of the encodings."""
    written = {value.encode(width): value for value in values for width in WIDTHS}
    by_prefix: dict[bytes, list[bytes]] = defaultdict(list)
    for pattern in written:
        assert len(pattern) >= PREFIX
        by_prefix[pattern[:PREFIX]].append(pattern)
    spared = tuple(apart)
    leaks = []
    for folder in folders:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            if not any(path.is_relative_to(other) for other in spared):
                found = sorted({written[p] for p in _find(path.read_bytes(), by_prefix)})
                leaks += [f"{path.relative_to(folder)}: {value}" for value in found]
    return leaks


def _find(content: bytes, by_prefix: dict[bytes, list[bytes]]) -> Iterator[bytes]:
    """Every pattern in the content: tables of byte pairs sort out almost every place at once."""
    octets = np.frombuffer(content, np.uint8).astype(np.uint16)
    if octets.size < PREFIX:
        return
    pairs = octets[:-1] | octets[1:] << 8
    places = np.ones(octets.size - PREFIX + 1, bool)
    for offset in range(0, PREFIX, 2):
        known = np.zeros(65_536, bool)
        known[[int.from_bytes(prefix[offset : offset + 2], "little") for prefix in by_prefix]] = (
            True
        )
        places &= known[pairs[offset : offset + places.size]]
    for place in np.flatnonzero(places):
        for pattern in by_prefix.get(content[place : place + PREFIX], ()):
            if content.startswith(pattern, place):
                yield pattern


def plant(settings: Settings) -> None:
    """Canaries in rows of a night, one to be accepted and four to be quarantined."""
    bank = Redelivery(settings)
    customers = bank.read("card.customer", _last_delivery(settings, "card.customer"))
    (template,) = customers[:1]
    good = template | PLANTED | {"customer_id": "CANARY1"}
    # Without a type they are quarantined, which a bad optional field alone would not do.
    bad = template | PLANTED | {"customer_type": ""}
    shifted = bad | {"customer_id": "CANARY2", "gender": "欧阳翠花"}
    lost = bad | {"customer_id": "CANARY3", "birth_date": "Quentin Xylander"}
    _deliver(bank, "card.customer", [good, shifted, lost])
    entries = bank.read("teller.transaction", NINTH)
    entries[0]["currency_code"] = "Quentin Xylander"
    entries[1]["amount"] = "欧阳翠花"
    stated = bank.read("teller.transaction", NINTH)
    stated[1]["amount"] = "0.00"
    bank.write("teller.transaction", NINTH, entries, stated=stated)


def _last_delivery(settings: Settings, feed: str) -> date:
    contract = get_contract(feed)
    folder = settings.landing_folder / contract.source / contract.feed
    controls = [
        ControlFile.model_validate_json(path.read_bytes()) for path in folder.glob("*.control.json")
    ]
    return max(control.business_date for control in controls)


def _deliver(bank: Redelivery, feed: str, rows: Rows) -> None:
    """Rows on the ninth night, in the file of the feed or in a new one."""
    if bank.path(feed, NINTH).exists():
        bank.write(feed, NINTH, [*bank.read(feed, NINTH), *rows])
        return
    last = _last_delivery(bank.settings, feed)
    known = ControlFile.model_validate_json(control_path(bank.path(feed, last)).read_bytes())
    new = known.model_copy(update={"business_date": NINTH, "sequence": known.sequence + 1})
    control_path(bank.path(feed, NINTH)).write_text(new.model_dump_json())
    bank.write(feed, NINTH, rows)


def _deliver_without_header(settings: Settings, feed: str) -> None:
    """A rejected file whose first row stands in the place of the header."""
    bank = Redelivery(settings)
    last = _last_delivery(settings, feed)
    known = ControlFile.model_validate_json(control_path(bank.path(feed, last)).read_bytes())
    path = bank.path(feed, NINTH)
    path.write_text(",".join(["CANARY9", "PERSON", *PLANTED.values()]) + "\n")
    control = known.model_copy(
        update={
            "business_date": NINTH, "sequence": known.sequence + 1, "rows": 0,
            "sha256": hash_file(path),
        }
    )  # fmt: skip
    control_path(path).write_text(control.model_dump_json())


@pytest.fixture
def scarred_bank(
    waiting_bank: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    """Eight nights published, a failed run over a night full of canaries, and a rejected file."""
    plant(waiting_bank)
    monkeypatch.setenv(PERMISSION, "1")
    monkeypatch.setenv(PLACE, "build:before:error")
    settings = waiting_bank.model_copy(update={"export_folder": tmp_path / "exports"})
    with pytest.raises(FailpointReached):
        refresh(settings)
    _deliver_without_header(settings, "branch.customer")
    with suppress(FailpointReached):
        refresh(settings)
    return settings


def test_no_personal_value_stands_in_clear_outside_the_vault(
    scarred_bank: Settings, tmp_path: Path
) -> None:
    settings = scarred_bank
    with open_raw(settings) as connection:
        quarantined = connection.execute(
            """select feed, count(*) from ops.quarantine join ops.active_load using (load_id, feed)
            group by feed order by feed"""
        ).fetchall()
        entered = {v for (v,) in connection.execute("select value from vault.entry").fetchall()}
        rejected = connection.execute(
            "select feed, problem from ops.load where status = 'rejected'"
        ).fetchall()
    assert quarantined == [("customer", 2), ("transaction", 2)]
    ((feed, problem),) = rejected
    assert feed == "customer" and "line 1 names none of them" in problem
    assert set(PLANTED.values()) <= entered
    assert any("欧阳翠花" in value for value in entered), (
        "the quarantined row is kept, in the vault"
    )

    write_exports(settings)
    back_up(settings, tmp_path / "backup")
    told = [CliRunner().invoke(app, [*words, "--home", str(settings.home)]).output for words in (
        ["quarantine", "list"], ["status"], ["runs"], ["runs", "2"],
        ["report", "--output", str(tmp_path / "exports" / "report.html")],
    )]  # fmt: skip
    (tmp_path / "exports" / "screens.txt").write_text("\n".join(told), encoding="utf-8")

    staff = " ".join(staff_names(settings))
    values = {v for v in delivered_values(settings) if v not in staff and len(v) >= PREFIX}
    values |= set(CANARIES)
    assert len(values) > 300
    leaks = find_leaks(
        (settings.home, tmp_path / "exports", tmp_path / "backup"),
        values,
        apart=(settings.landing_folder, settings.vault_folder),
    )
    assert leaks == []
    assert find_leaks([settings.vault_folder], set(CANARIES), apart=[]) == [
        f"vault.duckdb: {value}" for value in sorted(CANARIES)
    ]


def test_the_search_finds_a_canary_in_every_width(tmp_path: Path) -> None:
    for width in WIDTHS:
        (tmp_path / f"{width}.bin").write_bytes(b"\xff" + "欧阳翠花".encode(width) + b"\x00")
    apart = tmp_path / "apart"
    apart.mkdir()
    (apart / "vault").write_text("欧阳翠花")
    assert len(find_leaks([tmp_path], {"欧阳翠花"}, apart=[apart])) == len(WIDTHS)
