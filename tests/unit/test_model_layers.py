"""The layers of the models, as dbt's own graph has them: data flows down, never up."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from bankcrm.settings import PROJECT_FOLDER

MAY_READ = {
    "staging": {"source", "seed"},
    "intermediate": {"staging", "intermediate", "seed"},
    "marts": {"intermediate", "marts", "seed"},
}
Manifest = dict[str, Any]


def layer_of(manifest: Manifest, node_id: str) -> str:
    """Layer of a model (its folder), or ``seed`` or ``source``."""
    if node_id in manifest["sources"]:
        return "source"
    node = manifest["nodes"][node_id]
    return str(node["fqn"][1] if node["resource_type"] == "model" else node["resource_type"])


def find_upward_reads(manifest: Manifest) -> list[str]:
    """Every model that reads what its layer may not read, one line for each reading."""
    return [
        f"{node['name']} ({layer}) reads {read.split('.')[-1]} ({layer_of(manifest, read)})"
        for node_id, node in sorted(manifest["nodes"].items())
        if node["resource_type"] == "model"
        for layer in [layer_of(manifest, node_id)]
        for read in node["depends_on"]["nodes"]
        if layer_of(manifest, read) not in MAY_READ[layer]
    ]


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    """What ``dbt parse`` writes about the project."""
    folder = tmp_path_factory.mktemp("parse")
    command = [sys.executable, "-c", "from dbt.cli.main import cli; cli()"]
    command += ["--log-path", str(folder), "parse", "--target-path", str(folder)]
    command += ["--project-dir", str(PROJECT_FOLDER), "--profiles-dir", str(PROJECT_FOLDER)]
    # The models are parsed and nothing is opened.
    files = {"BANKCRM_RAW_FILE": str(folder / "raw"), "BANKCRM_BUILD_FILE": str(folder / "build")}
    done = subprocess.run(
        command, env=os.environ | files, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:]
    parsed: Manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return parsed


def test_every_model_reads_only_the_layers_below_it(manifest: Manifest) -> None:
    assert find_upward_reads(manifest) == []


def test_every_model_lies_in_a_layer_and_every_layer_has_models(manifest: Manifest) -> None:
    layers = {
        layer_of(manifest, node_id)
        for node_id, node in manifest["nodes"].items()
        if node["resource_type"] == "model"
    }
    assert layers == set(MAY_READ)


@pytest.mark.parametrize(
    ("reader", "read"),
    [
        (("staging", "model"), ("staging", "model")),
        (("intermediate", "model"), ("marts", "model")),
        (("intermediate", "model"), ("raw", "source")),
        (("marts", "model"), ("staging", "model")),
        (("marts", "model"), ("raw", "source")),
    ],
)
def test_a_model_that_reads_upward_or_past_a_layer_is_named(
    reader: tuple[str, str], read: tuple[str, str]
) -> None:
    graph: Manifest = {
        "nodes": {"model.bank.reader": _node("reader", reader[0], ["x.bank.read"])},
        "sources": {},
    }
    kind = "sources" if read[1] == "source" else "nodes"
    graph[kind]["x.bank.read"] = _node("read", read[0], [])

    expected = "source" if read[1] == "source" else read[0]
    assert find_upward_reads(graph) == [f"reader ({reader[0]}) reads read ({expected})"]


def _node(name: str, layer: str, reads: list[str]) -> dict[str, Any]:
    return {
        "name": name,
        "resource_type": "model",
        "fqn": ["bank", layer, name],
        "depends_on": {"nodes": reads},
    }
