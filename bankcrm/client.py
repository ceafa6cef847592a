"""A client of the cube server for notebooks. Rows come as Arrow, so decimals are exact."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import pyarrow as pa

from bankcrm.errors import BankcrmError

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

_PATH = "/cubejs-api/v1/load"
_ARROW = "application/vnd.apache.arrow.stream"
_METADATA_KEY = b"bankcrm"


class ClientError(BankcrmError):
    """The server refused a query, could not answer it, or could not be reached.

    Args:
        status: HTTP status; None where there was no answer, or not a whole one.
    """

    def __init__(self, problem: str, remedy: str = "", status: int | None = None) -> None:
        super().__init__(problem, remedy)
        self.status = status


@dataclass(frozen=True)
class Result:
    """Rows of a query, one column for each of its members, and what they were read from.

    Args:
        table: times without a zone, amounts as decimals, counts as whole numbers.
        truncated: whether the limit of the query left rows out.
        total: rows without limit and offset, where the query asked for it.
        annotation: title, type and format of each member, as ``/v1/load`` returns them.
    """

    table: pa.Table
    version: str
    business_date: date
    truncated: bool
    total: int | None
    annotation: Mapping[str, Any]

    def to_arrow(self, *, floats: bool = False) -> pa.Table:
        """The rows. With ``floats`` decimals become doubles: faster, no longer exact."""
        if not floats:
            return self.table
        fields = [_as_double(field) for field in self.table.schema]
        return self.table.cast(pa.schema(fields))

    def to_pandas(self, *, floats: bool = False) -> pd.DataFrame:
        """A frame of Arrow columns, whose decimals add up exactly and whose nulls stay nulls; with
        ``floats`` one of NumPy columns."""
        import pandas as pd  # noqa: PLC0415 - slow, and not everybody's

        if floats:
            return self.to_arrow(floats=True).to_pandas()
        return self.table.to_pandas(types_mapper=pd.ArrowDtype)

    def to_polars(self, *, floats: bool = False) -> pl.DataFrame:
        """A frame of exact decimals, of doubles with ``floats``.

        Raises:
            ClientError: Polars is not installed.
        """
        try:
            import polars as pl  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise ClientError("Polars is not installed", "Install bankcrm[polars].") from error
        return pl.DataFrame(self.to_arrow(floats=floats))


class Client:
    """Asks one cube server.

    Args:
        url: address of the server, with or without ``/cubejs-api``.
        token: JSON web token; a server on this machine may ask for none.
        timeout_seconds: longest silence of the server.
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:4000",
        token: str | None = None,
        timeout_seconds: float = 120.0,
    ) -> None:
        base = url.rstrip("/").removesuffix("/v1").removesuffix("/cubejs-api")
        self._url = base + _PATH
        self._headers = {"Accept": _ARROW, "Content-Type": "application/json"}
        if token is not None:
            self._headers["Authorization"] = f"Bearer {token}"
        self._timeout_seconds = timeout_seconds

    def load(self, query: Mapping[str, Any]) -> Result:
        """Every row of a query, or as many as its ``limit``.

        Raises:
            ClientError: with the message of the server, where it gave one.
        """
        body = json.dumps({"query": query}).encode()
        request = Request(self._url, body, self._headers)
        try:
            with urlopen(request, timeout=self._timeout_seconds) as answer:
                return _read(pa.ipc.open_stream(answer).read_all())
        except HTTPError as error:
            raise ClientError(_message(error), status=error.code) from error
        except URLError as error:
            raise ClientError(
                f"{self._url} cannot be reached: {error.reason}", "Is `bankcrm serve` running?"
            ) from error
        except (http.client.HTTPException, OSError, pa.ArrowInvalid) as error:
            raise ClientError(
                f"the answer broke off: {error}", "Ask again; the server's log has the cause."
            ) from error


def _read(table: pa.Table) -> Result:
    about = json.loads((table.schema.metadata or {})[_METADATA_KEY])
    return Result(
        table.replace_schema_metadata(None),
        about["version"],
        date.fromisoformat(about["businessDate"]),
        about["truncated"],
        about["total"],
        about["annotation"],
    )


def _message(error: HTTPError) -> str:
    content = error.read()
    try:
        return str(json.loads(content)["error"])
    except (ValueError, KeyError, TypeError):
        return f"the server answered {error.code}: {content[:200].decode(errors='replace')}"


def _as_double(field: pa.Field[Any]) -> pa.Field[Any]:
    return field.with_type(pa.float64()) if pa.types.is_decimal(field.type) else field
