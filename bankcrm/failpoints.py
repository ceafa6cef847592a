"""Places at which a test can stop the refresh, to show that it recovers.

``BANKCRM_FAILPOINT=<step>:<moment>[:kill|error]`` names one place; killed (``kill -9``) unless it
says otherwise. It is honoured only while ``BANKCRM_ALLOW_FAILPOINTS=1``, so that no forgotten
variable stops a bank's night.
"""

from __future__ import annotations

import os
import signal

from bankcrm.errors import BankcrmError

PLACE = "BANKCRM_FAILPOINT"
PERMISSION = "BANKCRM_ALLOW_FAILPOINTS"


class FailpointReached(BankcrmError):
    """The refresh was stopped on purpose at a named place."""


def reach(place: str) -> None:
    """Stop here when the environment says so.

    Raises:
        FailpointReached: the environment asks for an error at this place.
    """
    if os.environ.get(PERMISSION) != "1":
        return
    step, moment, effect = [*os.environ.get(PLACE, "").split(":"), "", ""][:3]
    if f"{step}:{moment}" != place:
        return
    if effect == "error":
        raise FailpointReached(f"Stopped on purpose at {place}", f"Unset {PLACE}.")
    os.kill(os.getpid(), signal.SIGKILL)
