"""The OpenAPI document: every route and nothing else, and what is sent is what it says."""

from __future__ import annotations

from typing import Any, get_args

import jsonschema  # type: ignore[import-untyped]
import pytest
from starlette.routing import Route
from starlette.testclient import TestClient

from bankcrm.settings import Settings
from cube.query.operators import Operator
from cube.query.query import CachePolicy, Query, ResponseFormat
from cube.server.app import create_app

LOAD = "/cubejs-api/v1/load"
COUNT = "transactions.transaction_count"
QUERY = {"measures": [COUNT], "dimensions": ["transactions.value_date.month"], "limit": 3}


@pytest.fixture(scope="module")
def document(client: TestClient) -> dict[str, Any]:
    body: dict[str, Any] = client.get("/openapi.json").json()
    return body


def check(document: dict[str, Any], name: str, value: object) -> None:
    """Hold a value against a schema of the document."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    jsonschema.Draft202012Validator(schema).validate(value)


def test_every_route_is_in_the_document_and_the_other_way_round(
    published: Settings, document: dict[str, Any]
) -> None:
    routes = [
        route
        for route in create_app(published).routes
        if isinstance(route, Route) and route.include_in_schema
    ]
    served = {(m.lower(), r.path) for r in routes for m in r.methods or () if m != "HEAD"}
    described = {(m, path) for path, item in document["paths"].items() for m in item}
    assert described == served
    names = [item["operationId"] for path in document["paths"].values() for item in path.values()]
    assert len(set(names)) == len(names)


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    def references(value: object) -> list[str]:
        if isinstance(value, dict):
            own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
            return own + [name for item in value.values() for name in references(item)]
        return [n for item in value for n in references(item)] if isinstance(value, list) else []

    found = {name.removeprefix("#/components/schemas/") for name in references(document)}
    assert found and found <= set(document["components"]["schemas"])
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_the_query_is_described_by_the_model_that_validates_it(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    described = schemas["Query"]
    assert set(described["properties"]) == {
        field.alias or name for name, field in Query.model_fields.items()
    }
    assert described["additionalProperties"] is False
    assert schemas["Filter"]["properties"]["operator"]["enum"] == list(get_args(Operator))
    assert described["properties"]["responseFormat"]["enum"] == list(get_args(ResponseFormat))
    (policies, _) = described["properties"]["cache"]["anyOf"]
    assert policies["enum"] == list(get_args(CachePolicy))


def test_what_is_refused_or_taken_is_what_the_document_says(
    client: TestClient, document: dict[str, Any]
) -> None:
    for envelope, status in (
        ({"query": QUERY, "queryType": "multi", "cache": "no-cache"}, 200),
        ({"query": {**QUERY, "order": {COUNT: "desc"}}}, 200),
        ({"query": {**QUERY, "order": [[COUNT, "asc"]]}}, 200),
        ({"query": {**QUERY, "renewQuery": True}}, 400),
        ({"query": QUERY, "queryType": "single"}, 400),
        ({"query": {**QUERY, "order": {COUNT: "up"}}}, 400),
        ({}, 400),
    ):
        answer = client.post(LOAD, json=envelope)
        assert answer.status_code == status, answer.text
        if status == 200:
            check(document, "Envelope", envelope)
            shape = "MultiResult" if "queryType" in envelope else "LoadResult"
            check(document, shape, answer.json())
        else:
            check(document, "ErrorBody", answer.json())
            with pytest.raises(jsonschema.ValidationError):
                check(document, "Envelope", envelope)


@pytest.mark.parametrize("form", get_args(ResponseFormat))
def test_answers_have_the_shape_that_the_document_says(
    client: TestClient, document: dict[str, Any], form: str
) -> None:
    body = {"query": {**QUERY, "responseFormat": form, "total": True}}
    check(document, "LoadResult", client.post(LOAD, json=body).json())
    check(document, "Health", client.get("/readyz").json())


def test_only_health_and_the_document_are_open(document: dict[str, Any]) -> None:
    operations = {p: o for p, item in document["paths"].items() for o in item.values()}
    assert {path for path, operation in operations.items() if not operation["security"]} == {
        "/livez",
        "/readyz",
        "/openapi.json",
    }
