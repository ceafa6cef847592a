"""The manifest of a published version: its size and hash, written before it can be read.

It lies beside the version as ``<version>.json``. Opening a version compares the size, which costs
nothing; the whole hash is compared by a server that opens it for the first time, by a build that
starts from it, and by ``bankcrm verify``. Readers also hold their lease on this file.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bankcrm.errors import DamagedVersion
from bankcrm.files import hash_file, write_durably

MANIFEST_SUFFIX = ".json"
REMEDY = (
    "Publish an intact version with `bankcrm rollback`, or run `bankcrm refresh`: it builds again"
    " what is damaged. `bankcrm verify` shows which versions are intact."
)


@dataclass(frozen=True)
class Manifest:
    """Size in bytes and SHA-256 of a version's file; how far the audit log reached by then (its
    ``log``, ``entries`` and ``sha256``), None where there was none."""

    version: str
    bytes: int
    sha256: str
    audit: dict[str, Any] | None = None


def manifest_path(version_file: Path) -> Path:
    """Path of the manifest of a version's file."""
    return version_file.with_suffix(MANIFEST_SUFFIX)


def describe_file(version: str, path: Path, audit: dict[str, Any] | None = None) -> Manifest:
    """The manifest of a file as it is now; reads all of it."""
    return Manifest(version, path.stat().st_size, hash_file(path), audit)


def write_manifest(version_file: Path, manifest: Manifest) -> None:
    """Write a manifest durably, in one step."""
    path = manifest_path(version_file)
    write_durably(path, json.dumps(asdict(manifest), indent=2) + "\n")


def read_manifest(version_file: Path) -> Manifest | None:
    """The manifest of a version, or None for a version published without one.

    Raises:
        DamagedVersion: there is one, and it cannot be read.
    """
    path = manifest_path(version_file)
    try:
        return Manifest(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, OSError) as error:
        raise DamagedVersion(f"The manifest {path} cannot be read: {error}", REMEDY) from error


def check_size(version_file: Path) -> None:
    """Compare a version with its manifest without reading it.

    Raises:
        DamagedVersion: the file is gone, or has another size than when it was published.
    """
    manifest = read_manifest(version_file)
    if not version_file.is_file():
        raise DamagedVersion(f"{version_file} is gone", REMEDY)
    size = version_file.stat().st_size
    if manifest is not None and size != manifest.bytes:
        raise DamagedVersion(
            f"{version_file} has {size:,} bytes, and had {manifest.bytes:,} when it was published",
            REMEDY,
        )


def check_content(version_file: Path) -> None:
    """Compare a version with its manifest byte by byte.

    Raises:
        DamagedVersion: size or content are not what was published.
    """
    check_size(version_file)
    manifest = read_manifest(version_file)
    if manifest is not None and hash_file(version_file) != manifest.sha256:
        raise DamagedVersion(f"{version_file} is not the file that was published", REMEDY)


@contextmanager
def hold_lease(version_file: Path) -> Iterator[None]:
    """Keep a version from being removed while the block runs; the kernel ends it in a crash.

    The lock is on the manifest: closing another descriptor of the version's own file would end
    the locks that DuckDB holds on it. A version published without a manifest has no lease.
    """
    with ExitStack() as stack:
        with suppress(FileNotFoundError):
            stream = stack.enter_context(manifest_path(version_file).open(encoding="utf-8"))
            fcntl.flock(stream, fcntl.LOCK_SH)
        yield


def is_in_use(version_file: Path) -> bool:
    """Whether somebody holds a lease on a version."""
    path = manifest_path(version_file)
    if not path.exists():
        return False
    with path.open(encoding="utf-8") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
