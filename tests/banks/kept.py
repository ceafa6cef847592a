"""Banks kept as they were once made, so that a test does not change with the generator.

``python -m tests.banks.kept NAME HOME`` packs the landing folder below a home. The same files
always give the same archive.
"""

from __future__ import annotations

import lzma
import sys
import tarfile
from pathlib import Path

FOLDER = Path(__file__).parent
KEPT = ("landing", "truth")
"""Folders of a home that make a bank: what was delivered, and what the generator knows of it."""


def kept_bank(name: str, folder: Path) -> Path:
    """Unpack a kept bank.

    Args:
        name: name of the archive, as README.md lists them.
        folder: becomes the home of the bank; may exist, without a bank in it.

    Returns:
        The landing folder.
    """
    known = sorted(path.name.removesuffix(".tar.xz") for path in FOLDER.glob("*.tar.xz"))
    if name not in known:
        raise ValueError(f"No bank {name!r} is kept; there are {', '.join(known)}")
    landing = folder / "landing"
    if landing.exists():
        raise FileExistsError(f"{landing} is there already")
    with tarfile.open(FOLDER / f"{name}.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    return landing


def pack_bank(home: Path, archive: Path) -> None:
    """Pack the deliveries of a home, without anything of the machine and the hour."""
    files = [path for kept in KEPT for path in (home / kept).rglob("*") if path.is_file()]
    with (
        lzma.open(archive, "wb", preset=9 | lzma.PRESET_EXTREME) as stream,
        tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as packed,
    ):
        for path in sorted(files):
            entry = tarfile.TarInfo(path.relative_to(home).as_posix())
            entry.size = path.stat().st_size
            with path.open("rb") as content:
                packed.addfile(entry, content)


if __name__ == "__main__":
    pack_bank(Path(sys.argv[2]), FOLDER / f"{sys.argv[1]}.tar.xz")
