"""Point readers at an earlier version."""

from __future__ import annotations

from bankcrm.audit import acting_user, record
from bankcrm.errors import BankcrmError
from bankcrm.settings import Settings
from bankcrm.warehouse.versions import current_version, is_damaged, list_versions, version_file
from pipelines.operations.journal import Journal
from pipelines.publishing.hold import hold_publishing, read_hold, release_publishing
from pipelines.publishing.publish import point_to


def roll_back(settings: Settings, to: str | None = None, reason: str = "") -> str:
    """Point readers at an earlier version: the one before the current one unless named.

    Publishing is held from then on (:mod:`pipelines.publishing.hold`), unless no newer version is
    intact: then it was the file that was wrong, and nothing is to be kept from readers.

    Returns:
        The version that is published now.
    """
    if to is None:
        current = current_version(settings)
        earlier = [v for v in list_versions(settings) if current is not None and v < current]
        if not earlier:
            raise BankcrmError(
                "There is no earlier version to roll back to", "See `bankcrm status`."
            )
        to = earlier[-1]
    point_to(settings, to)
    newer = [v for v in list_versions(settings) if v > to]
    is_held = not all(is_damaged(version_file(settings, v)) for v in newer)
    if is_held:
        hold_publishing(settings, to, reason.strip())
    elif read_hold(settings) is not None:
        release_publishing(settings, f"{to} is the newest intact version")
    Journal(settings.home).append("rolled_back", to)
    details = {"passed_over": newer, "reason": reason.strip(), "publishing_held": is_held}
    record(settings, "rolled_back", acting_user(), to, details)
    return to
