"""Rewrite the deliveries of a bank, as its source systems would."""

from __future__ import annotations

import gzip
import shutil
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from bankcrm.files import hash_file
from bankcrm.settings import Settings
from pipelines.contracts.contract import ControlTotal, get_contract
from pipelines.landing.control import ControlFile, control_path
from pipelines.landing.delivery import delivery_file, encode_delivery, write_control

Rows = list[dict[str, str]]


@dataclass(frozen=True)
class Redelivery:
    """Rewrites deliveries in a landing folder as a source system would."""

    settings: Settings

    def path(self, feed: str, night: date, rerun: int = 0) -> Path:
        """Data file of a delivery."""
        return self.settings.landing_folder / delivery_file(get_contract(feed), night, rerun)

    def read(self, feed: str, night: date) -> Rows:
        """Rows of the first delivery of a night, as text."""
        contract = get_contract(feed)
        content = self.path(feed, night).read_bytes()
        text = gzip.decompress(content) if contract.format.compression == "gzip" else content
        lines = text.decode().splitlines()
        header = lines[0].split(contract.format.delimiter)
        return [
            dict(zip(header, line.split(contract.format.delimiter), strict=True))
            for line in lines[1:]
        ]

    def write(
        self, feed: str, night: date, rows: Rows, *, rerun: int = 0, stated: Rows | None = None
    ) -> Path:
        """Deliver rows; the control file states ``stated`` where that differs from the rows."""
        contract = get_contract(feed)
        delimiter = contract.format.delimiter
        lines = [delimiter.join(contract.column_names)]
        lines += [delimiter.join(row[name] for name in contract.column_names) for row in rows]
        path = self.path(feed, night, rerun)
        first_control = control_path(self.path(feed, night))
        path.write_bytes(encode_delivery(contract.format, ("\n".join(lines) + "\n").encode()))
        known = ControlFile.model_validate_json(first_control.read_text())
        stated = rows if stated is None else stated
        totals = {total.label: _sum(stated, total) for total in contract.control_totals}
        update = {"rerun": rerun, "rows": len(stated), "totals": totals, "sha256": hash_file(path)}
        write_control(path, known.model_copy(update=update))
        return path

    def move_row(self, feed: str, column: str, value: str, night: date, later: date) -> None:
        """Deliver a row of one night on a later night instead."""
        rows = self.read(feed, night)
        moved = [row for row in rows if row[column] == value]
        assert len(moved) == 1
        self.write(feed, night, [row for row in rows if row[column] != value])
        if self.path(feed, later).exists():
            self.write(feed, later, [*self.read(feed, later), *moved])
        else:
            self._insert(feed, later, moved)

    def _insert(self, feed: str, night: date, rows: Rows) -> None:
        """Deliver a feed on a night it was silent; later deliveries count one further."""
        controls = sorted(self.path(feed, night).parent.glob("*.control.json"))
        known = [ControlFile.model_validate_json(path.read_text()) for path in controls]
        earlier = [control for control in known if control.business_date < night]
        for path, control in zip(controls, known, strict=True):
            if control.business_date > night:
                later = control.model_copy(update={"sequence": control.sequence + 1})
                path.write_text(later.model_dump_json())
        new = earlier[-1].model_copy(
            update={"business_date": night, "sequence": earlier[-1].sequence + 1}
        )
        control_path(self.path(feed, night)).write_text(new.model_dump_json())
        self.write(feed, night, rows)


def _sum(rows: Rows, total: ControlTotal) -> Decimal:
    counted = [r for r in rows if all(r[name] == value for name, value in total.where.items())]
    return sum((Decimal(row[total.column]) for row in counted), Decimal(0))


def copy_bank(settings: Settings, home: Path) -> Settings:
    """The same deliveries in a home of their own."""
    shutil.copytree(settings.landing_folder, home / "landing")
    return Settings(home=home)


def keep_from(settings: Settings, night: date, aside: Path) -> None:
    """Move deliveries from a night on out of the landing folder."""
    for path in list(settings.landing_folder.glob("*/*/*")):
        if path.name.rsplit("_r", 1)[0][-10:] >= night.isoformat():
            target = aside / path.relative_to(settings.landing_folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            path.rename(target)
