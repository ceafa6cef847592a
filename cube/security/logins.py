"""Logins for the audit log: the first use of a token on a day, by the process that serves it.

Not each query: the access log has those. A login that cannot be recorded is refused, so that
customers of the bank are never read without a trace.
"""

from __future__ import annotations

import hashlib
import threading
from datetime import date

from bankcrm.audit import record
from bankcrm.clock import today
from bankcrm.settings import Settings
from cube.errors import CannotRecord
from cube.security.auth import SecurityContext

ANONYMOUS = "anonymous"
"""User of a token that names none."""
SHOWN_OF_HASH = 16
"""So many digits of a token's hash distinguish tokens; they open nothing."""


class Logins:
    """Keeps track of the logins that are in the audit log today. Threads may share it.

    Args:
        settings: where the audit log lies.
        way: how they come in: ``http``, ``postgres``.
    """

    def __init__(self, settings: Settings, way: str) -> None:
        self._settings = settings
        self._way = way
        self._lock = threading.Lock()
        self._day: date | None = None
        self._known: set[str] = set()

    def note(self, context: SecurityContext, credential: str | None) -> None:
        """Enter a login unless it is known.

        Args:
            context: claims of the token, which was found to be good.
            credential: what was shown: the token, or None where none is asked for.

        Raises:
            CannotRecord: the audit log cannot be written.
        """
        key = hashlib.sha256((credential or "").encode()).hexdigest()[:SHOWN_OF_HASH]
        with self._lock:
            if self._day != today():
                self._day, self._known = today(), set()
            if key not in self._known:
                self._record(context, key if credential else None)
                self._known.add(key)

    def _record(self, context: SecurityContext, key: str | None) -> None:
        details = {"groups": context["groups"], "token": key, "way": self._way}
        try:
            record(
                self._settings, "cube_login", str(context.get("sub") or ANONYMOUS), "cubes", details
            )
        except OSError as error:
            raise CannotRecord(
                f"The login cannot be entered in the audit log: {error.strerror}",
                "Free space, or let the server write its home; then ask again.",
            ) from error
