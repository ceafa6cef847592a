"""What writer and readers share, and the client: ``bankcrm.Client(url, token).load(query)``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bankcrm.client import Client, ClientError, Result

__all__ = ["Client", "ClientError", "Result"]


def __getattr__(name: str) -> object:
    """The client's names, imported when asked for: no command waits for its pyarrow."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from bankcrm import client  # noqa: PLC0415

    return getattr(client, name)
