"""What the audit log says of the version that readers see, and what it missed."""

from __future__ import annotations

from bankcrm.audit import acting_user, read_entries, record
from bankcrm.errors import DamagedVersion
from bankcrm.settings import Settings
from bankcrm.warehouse.versions import current_version

NAMING = ("version_published", "rolled_back", "restored", "version_found")
"""Actions after which readers see the version that is their subject."""


def record_published(settings: Settings, version: str, business_date: object) -> None:
    """Enter that readers see a new version."""
    record(settings, "version_published", acting_user(), version, {"business_date": business_date})


def record_found_version(settings: Settings) -> str | None:
    """Enter a version that readers see and the log does not name: published by a run that was cut
    short before it could say so, or named by hand.

    Returns:
        The version, or None where log and pointer agree.
    """
    try:
        version = current_version(settings)
    except DamagedVersion:
        # The refresh builds again what is not intact, and says so itself.
        return None
    named = [entry.subject for entry in read_entries(settings) if entry.action in NAMING]
    last = named[-1] if named else None
    if version is None or version == last:
        return None
    record(settings, "version_found", acting_user(), version, {"named_before": last})
    return version
