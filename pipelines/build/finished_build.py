"""A sealed build that waits to be published: a refresh that was cut short goes on from it.

Its note is written last, when the file is whole on the disk, and says from what it was made; a
build made from anything else is thrown away.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from bankcrm.files import sync, write_durably
from bankcrm.settings import Settings
from bankcrm.warehouse.versions import version_file
from pipelines.publishing.publish import BUILD_NAME

NOTE_NAME = "FINISHED.json"


@dataclass(frozen=True)
class FinishedBuild:
    """The version it is to become, the size of its file, and the hash of what it was made from.

    ``is_rolled_up`` once its rollups are in it.
    """

    version: str
    origin: str
    bytes: int
    nodes: int
    seconds: float
    is_rolled_up: bool = False


def save_build_note(settings: Settings, build: FinishedBuild) -> None:
    """Write down that the build file is whole."""
    build_file = settings.build_folder / BUILD_NAME
    sync(build_file)
    write_durably(settings.build_folder / NOTE_NAME, json.dumps(asdict(build)) + "\n")


def remove_build_note(settings: Settings) -> None:
    """Take the note away, before the build file is written to again."""
    (settings.build_folder / NOTE_NAME).unlink()
    sync(settings.build_folder)


def load_build_note(settings: Settings, origin: str, published: str | None) -> FinishedBuild | None:
    """The finished build of this origin, if there is one that is not the published version."""
    note = settings.build_folder / NOTE_NAME
    if not note.exists():
        return None
    build = FinishedBuild(**json.loads(note.read_text(encoding="utf-8")))
    is_wanted = build.origin == origin and build.version != published
    return build if is_wanted and _is_whole(settings, build) else None


def _is_whole(settings: Settings, build: FinishedBuild) -> bool:
    """Whether its file lies in the build folder, or was moved already, and has its size."""
    places: tuple[Path, ...] = (
        settings.build_folder / BUILD_NAME,
        version_file(settings, build.version),
    )
    return any(path.is_file() and path.stat().st_size == build.bytes for path in places)
