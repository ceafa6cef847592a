"""The endpoints as a table, and the OpenAPI 3.1 document made of it and the shapes of answers."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Literal

from pydantic import TypeAdapter

from cube.server.envelope import Envelope
from cube.server.formats import ARROW_TYPE, CSV_TYPE, JSON_TYPE
from cube.server.schemas import ErrorBody, Health, Json, LoadResult, MultiResult

API = "/cubejs-api/v1"
Method = Literal["GET", "POST"]
_REFERENCE = "#/components/schemas/{model}"
_SCHEME = "token"
_BOTH: tuple[Method, ...] = ("GET", "POST")


@dataclass(frozen=True)
class Endpoint:
    """A path, what it is for, and the statuses it answers with beside 200.

    Args:
        name: its handler.
        reads: whether a request carries a query.
        answers: schemas of the answer, by name; none means that it is not said in detail.
        media_types: forms of the answer.
        is_open: whether it is answered without a token.
    """

    name: str
    path: str
    methods: tuple[Method, ...]
    summary: str
    reads: bool = False
    answers: tuple[type[Any], ...] = ()
    media_types: tuple[str, ...] = (JSON_TYPE,)
    statuses: tuple[int, ...] = ()
    is_open: bool = False


ENDPOINTS = (
    Endpoint(
        "load",
        f"{API}/load",
        _BOTH,
        "Rows of a query: JSON, or every row as a stream of CSV or Arrow by the header Accept.",
        reads=True,
        answers=(LoadResult, MultiResult),
        media_types=(JSON_TYPE, CSV_TYPE, ARROW_TYPE),
        statuses=(304, 400, 403, 406, 503, 504),
    ),
    Endpoint(
        "sql",
        f"{API}/sql",
        _BOTH,
        "SQL of a query with placeholders; nothing is executed.",
        reads=True,
        statuses=(400, 403, 503),
    ),
    Endpoint(
        "dry_run",
        f"{API}/dry-run",
        _BOTH,
        "The query as it was understood; nothing is executed.",
        reads=True,
        statuses=(400, 403, 503),
    ),
    Endpoint(
        "explain",
        f"{API}/explain",
        _BOTH,
        "Plan, SQL laid out for reading, and the mart and dbt model behind each member.",
        reads=True,
        statuses=(400, 403, 503),
    ),
    Endpoint(
        "distribution",
        f"{API}/distribution",
        _BOTH,
        "One measure over the members of a query in a hundred parts, from the largest value down: "
        "rows, sum, and those below zero of each part.",
        reads=True,
        statuses=(400, 403, 503, 504),
    ),
    Endpoint("meta", f"{API}/meta", ("GET",), "Views and members.", statuses=(400, 403)),
    Endpoint(
        "status",
        "/status",
        ("GET",),
        "Status page of the last run; for administrators.",
        media_types=("text/html",),
        statuses=(403, 404),
    ),
    Endpoint(
        "livez", "/livez", ("GET",), "Whether the server runs.", answers=(Health,), is_open=True
    ),
    Endpoint(
        "readyz",
        "/readyz",
        ("GET",),
        "Whether a version is published that it can read.",
        answers=(Health,),
        statuses=(503,),
        is_open=True,
    ),
    Endpoint("describe_api", "/openapi.json", ("GET",), "This document.", is_open=True),
)

_STATUSES = {
    304: "The client's copy is still good.",
    400: "The query; the message names what is wrong with it.",
    403: "No token, or one that does not hold.",
    404: "There is none yet.",
    406: "None of the media types that the client takes is offered.",
    503: "Nothing is published, too many queries wait (see Retry-After), or memory ran out.",
    504: "The query ran over its time and was stopped.",
}
_STREAM_HEADERS = {
    "Bankcrm-Version": "Version that was read; CSV and Arrow only.",
    "Bankcrm-Business-Date": "Business date of that version; CSV and Arrow only.",
    "Bankcrm-Truncated": "Whether the limit leaves rows out; CSV and Arrow only.",
    "Bankcrm-Total": "Rows without limit and offset, where asked for; CSV and Arrow only.",
    "ETag": "Changes with the version, the model, the query, the form and the user.",
}


def build_openapi() -> Json:
    """The document, as JSON values."""
    answers = (model for item in ENDPOINTS for model in item.answers)
    models: dict[type[Any], None] = dict.fromkeys([Envelope, *answers, ErrorBody])
    adapters: list[tuple[str, Literal["validation"], TypeAdapter[Any]]] = [
        (model.__name__, "validation", TypeAdapter(model)) for model in models
    ]
    _, schemas = TypeAdapter.json_schemas(adapters, ref_template=_REFERENCE)
    definitions = schemas["$defs"]
    scheme = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Bankcrm cubes", "version": version("bankcrm")},
        "paths": {item.path: _describe_path(item, definitions) for item in ENDPOINTS},
        "components": {"schemas": definitions, "securitySchemes": {_SCHEME: scheme}},
    }


def _describe_path(endpoint: Endpoint, definitions: Json) -> Json:
    return {
        method.lower(): {
            "operationId": f"{method.lower()}_{endpoint.name}",
            "summary": endpoint.summary,
            "security": [] if endpoint.is_open else [{_SCHEME: []}],
            **(_describe_request(method, definitions) if endpoint.reads else {}),
            "responses": {
                "200": _describe_answer(endpoint),
                **{str(status): _describe_refusal(status) for status in endpoint.statuses},
            },
        }
        for method in endpoint.methods
    }


def _describe_request(method: str, definitions: Json) -> Json:
    """The envelope: the body of a POST, or one parameter for each of its keys."""
    envelope = Envelope.__name__
    if method == "POST":
        content = {JSON_TYPE: {"schema": _refer(Envelope)}}
        return {"requestBody": {"required": True, "content": content}}
    required = definitions[envelope]["required"]
    properties = definitions[envelope]["properties"]
    return {
        "parameters": [
            {"name": name, "in": "query", "required": name in required, **_place(name, schema)}
            for name, schema in properties.items()
        ]
    }


def _place(name: str, schema: Json) -> Json:
    """The query is JSON text, the other parameters stand as they are."""
    return {"content": {JSON_TYPE: {"schema": schema}}} if name == "query" else {"schema": schema}


def _describe_answer(endpoint: Endpoint) -> Json:
    streamed: Json = {kind: {} for kind in endpoint.media_types if kind != JSON_TYPE}
    answers = [_refer(model) for model in endpoint.answers]
    schema: Json = {"anyOf": answers} if answers else {"type": "object"}
    described = {JSON_TYPE: {"schema": schema}} if JSON_TYPE in endpoint.media_types else {}
    answer: Json = {"description": endpoint.summary, "content": {**described, **streamed}}
    if endpoint.name == "load":
        answer["headers"] = {
            name: {"description": text, "schema": {"type": "string"}}
            for name, text in _STREAM_HEADERS.items()
        }
    return answer


def _describe_refusal(status: int) -> Json:
    described: Json = {"description": _STATUSES[status]}
    if status != 304:  # noqa: PLR2004 - the one status without a body
        described["content"] = {JSON_TYPE: {"schema": _refer(ErrorBody)}}
    return described


def _refer(model: type[Any]) -> Json:
    return {"$ref": _REFERENCE.format(model=model.__name__)}
