"""Settings of a session that clients read and set. Most say what is so and change nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping

from cube.errors import suggest
from cube.wire.errors import BAD_VALUE, UNDEFINED_SETTING, WireError
from cube.wire.session.statements import unquote

SERVER_VERSION = "15.0"

DEFAULTS: Mapping[str, str] = {
    "application_name": "",
    "bytea_output": "hex",
    "client_encoding": "UTF8",
    "client_min_messages": "notice",
    "datestyle": "ISO, MDY",
    "default_transaction_isolation": "repeatable read",
    "default_transaction_read_only": "on",
    "escape_string_warning": "on",
    "extra_float_digits": "1",
    "idle_in_transaction_session_timeout": "0",
    "in_hot_standby": "off",
    "integer_datetimes": "on",
    "intervalstyle": "postgres",
    "is_superuser": "off",
    "jit": "off",
    "lc_collate": "C.UTF-8",
    "lc_ctype": "C.UTF-8",
    "lc_monetary": "C",
    "lock_timeout": "0",
    "max_identifier_length": "63",
    "max_index_keys": "32",
    "plan_cache_mode": "auto",
    "row_security": "on",
    "search_path": "cubes, marts",
    "server_encoding": "UTF8",
    "server_version": SERVER_VERSION,
    "server_version_num": "150000",
    "session_authorization": "bankcrm",
    "standard_conforming_strings": "on",
    "statement_timeout": "0",
    "synchronize_seqscans": "on",
    "timezone": "UTC",
    "transaction_isolation": "repeatable read",
    "transaction_read_only": "on",
}
REPORTED: Mapping[str, str] = {
    name.lower(): name
    for name in [
        "application_name",
        "client_encoding",
        "DateStyle",
        "default_transaction_read_only",
        "in_hot_standby",
        "integer_datetimes",
        "IntervalStyle",
        "is_superuser",
        "server_encoding",
        "server_version",
        "session_authorization",
        "standard_conforming_strings",
        "TimeZone",
    ]
}
"""Settings that are reported to a client at the start and at each change, by the names it knows."""

_FIXED = frozenset(
    name
    for name in DEFAULTS
    if name.startswith(("server_", "max_", "lc_", "integer_", "is_", "in_hot"))
)
_ALIASES = {"time zone": "timezone", "transaction isolation level": "transaction_isolation"}
_DURATION = re.compile(r"(\d+)\s*(us|ms|s|min|h|d)?")
_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


class SessionSettings:
    """The settings of one session. Names are not case-sensitive."""

    def __init__(self) -> None:
        self.values: dict[str, str] = dict(DEFAULTS)
        self._before: dict[str, str] | None = None
        self._kept: dict[str, str] = {}
        self._saved: dict[str, tuple[dict[str, str], dict[str, str]]] = {}

    def begin(self) -> None:
        """A transaction begins: what is set in it lasts only if it is committed."""
        if self._before is None:
            self._before, self._kept = dict(self.values), dict(self.values)

    def end(self, *, committed: bool) -> list[str]:
        """The transaction ends, and with it what was set for it alone; the settings that changed
        by that."""
        if self._before is None:
            return []
        found = self._kept if committed else self._before
        changed = [key for key, value in found.items() if value != self.values[key]]
        self.values, self._before, self._kept, self._saved = found, None, {}, {}
        return changed

    def save(self, name: str) -> None:
        """Remember the settings at a savepoint."""
        self._saved[name] = dict(self.values), dict(self._kept)

    def restore(self, name: str) -> None:
        """The settings as they were at a savepoint.

        Raises:
            WireError: there is none of that name.
        """
        if name not in self._saved:
            raise WireError("3B001", f'savepoint "{name}" does not exist')
        values, kept = self._saved[name]
        self.values, self._kept = dict(values), dict(kept)

    def release(self, name: str) -> None:
        """Forget a savepoint.

        Raises:
            WireError: there is none of that name.
        """
        if self._saved.pop(name, None) is None:
            raise WireError("3B001", f'savepoint "{name}" does not exist')

    def get(self, name: str) -> str:
        """The value of a setting.

        Raises:
            WireError: there is no such setting.
        """
        return self.values[self._find(name)]

    def set(self, name: str, value: str, *, local: bool = False) -> str:
        """Set a setting as ``SET`` was given it; its name as clients know it.

        A ``local`` one lasts until the transaction ends, and outside of one not at all.

        Raises:
            WireError: there is no such setting, or the value is not one that this server can keep.
        """
        key = self._find(name)
        clean = self._clean(key, value)
        if key in _FIXED:
            raise WireError("55P02", f'the setting "{key}" cannot be changed')
        if key == "client_encoding" and clean.replace("-", "").lower() not in ("utf8", "unicode"):
            raise WireError(BAD_VALUE, f"the encoding {clean} is not supported; UTF8 is")
        if key == "datestyle" and not clean.lower().startswith("iso"):
            raise WireError(BAD_VALUE, f"the date style {clean} is not supported; ISO is")
        if key.endswith("transaction_read_only") and clean.lower() in ("off", "false", "0", "no"):
            raise WireError("25006", "the session is read-only")
        if key == "statement_timeout":
            _parse_duration(clean)
        if local and self._before is None:
            return key
        self.values[key] = clean
        if not local:
            self._kept[key] = clean
        return key

    def reset(self, name: str) -> None:
        """The value as it was at the start; of all settings for ``all``."""
        keys = DEFAULTS if name.lower() == "all" else [self._find(name)]
        for key in keys:
            self.values[key] = self._kept[key] = DEFAULTS[key]

    def limit(self, seconds: float) -> float:
        """Seconds that a statement may take: the server's limit, or the session's if shorter."""
        wanted = _parse_duration(self.values["statement_timeout"])
        return min(seconds, wanted) if wanted else seconds

    def _find(self, name: str) -> str:
        key = _ALIASES.get(name.lower(), name.lower())
        if key not in DEFAULTS:
            raise WireError(
                UNDEFINED_SETTING,
                f'unrecognized configuration parameter "{name}"{suggest(key, DEFAULTS)}',
            )
        return key

    def _clean(self, key: str, value: str) -> str:
        if value.lower() == "default":
            return DEFAULTS[key]
        parts = [part.strip() for part in value.split(",")]
        return ", ".join(
            part[1:-1].replace("''", "'") if part.startswith("'") else unquote(part)
            for part in parts
        )


def _parse_duration(text: str) -> float:
    """Seconds of ``5000`` (milliseconds), ``5s`` or ``1min``."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise WireError(BAD_VALUE, f"'{text}' is no duration; write for instance 5000 or 5s")
    return int(match.group(1)) * _SECONDS[match.group(2) or "ms"]
