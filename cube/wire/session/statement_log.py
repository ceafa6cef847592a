"""One structured log line per statement that reads, as the REST API writes one per request.

``status`` is the SQLSTATE. The line says what is read (``place``, ``version``), how the answer came
about (``cache``: hit, shared, miss, stream) and how long it waited for a slot (``queue_ms``).
Statements and their values are not logged; they may name customers.
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Mapping
from typing import Any

from cube.security.auth import SecurityContext

_LOG = logging.getLogger("bankcrm.cube.access")


def log_statement(
    context: SecurityContext, status: str, seconds: float, details: Mapping[str, Any]
) -> None:
    """Log the end of one."""
    entry = {
        "request": uuid.uuid4().hex,
        "protocol": "postgres",
        "status": status,
        "milliseconds": round(seconds * 1000, 1),
        "user": context.get("sub"),
        "groups": context["groups"],
        **details,
    }
    _LOG.info(json.dumps(entry, ensure_ascii=False))
