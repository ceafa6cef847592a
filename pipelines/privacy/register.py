"""The register of erasures: whose values must not come back, whatever is restored or loaded again.

One JSON object a line in ``erasures.jsonl`` of the vault's folder, only ever appended to. It names
customers by their keyed tokens, so it does not reveal who was erased and may be copied elsewhere.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from bankcrm.settings import Settings

REGISTER_NAME = "erasures.jsonl"


@dataclass(frozen=True)
class Erasure:
    """One customer of one system, erased. ``holder`` is the token of ``system:id``."""

    holder: str
    erased_at: str
    reason: str
    erased_by: str


def read_erasures(settings: Settings) -> list[Erasure]:
    """Every erasure, in the order of the register."""
    return read_register(settings.vault_folder / REGISTER_NAME)


def read_register(path: Path) -> list[Erasure]:
    """Erasures of a file; none where there is no file."""
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines()
    return [Erasure(**json.loads(line)) for line in lines]


def add_erasures(settings: Settings, erasures: Iterable[Erasure]) -> None:
    """Add to the register, durably and as a whole; what it holds already is left out."""
    path = settings.vault_folder / REGISTER_NAME
    known = read_register(path)
    new = [erasure for erasure in erasures if erasure not in known]
    every = "".join(json.dumps(asdict(erasure)) + "\n" for erasure in [*known, *new])
    part = path.with_name(path.name + ".part")
    with open(part, "w", encoding="utf-8", opener=_open_private) as stream:
        stream.write(every)
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(path)


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
