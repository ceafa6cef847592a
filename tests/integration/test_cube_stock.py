"""Generated queries by the stock Cube compiler and by ours give the same rows of a sample bank.

The normal run compares some hundred; `make proof-cubes` compares more than a thousand. What is
compared and how is in tests/cube/stock; where we differ on purpose is in docs/cubes.md, with a test
against hand-written SQL for each difference in tests/cube/test_differences.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest

from bankcrm.settings import Settings
from bankcrm.warehouse.versions import open_published
from cube.compiler.model import MODEL_FOLDER, load_model
from tests.cube.stock.compiler import SHAPES, StockCompiler
from tests.cube.stock.differential import Differential, Tally
from tests.tools import find_node_modules

pytestmark = pytest.mark.skipif(
    find_node_modules() is None, reason="node_modules is missing: make install"
)

SEED = 20240229


@pytest.fixture(scope="module")
def stock() -> Iterator[StockCompiler]:
    with StockCompiler() as compiler:
        yield compiler


@pytest.fixture(scope="module")
def connection(
    sample_bank: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A copy of the published version, which may be opened with settings of its own."""
    pointer = (sample_bank.published_folder / "CURRENT").read_text(encoding="utf-8").strip()
    copy = tmp_path_factory.mktemp("stock") / "version.duckdb"
    copy.write_bytes((sample_bank.published_folder / pointer).read_bytes())
    with duckdb.connect(str(copy), read_only=True) as opened:
        yield opened


@pytest.fixture(scope="module")
def today(sample_bank: Settings) -> date:
    with open_published(sample_bank) as opened:
        row = opened.execute("select business_date from meta.version").fetchone()
    assert row is not None
    business_date: date = row[0]
    return business_date


Compare = Callable[[Path, int, int], Tally]


@pytest.fixture(scope="module")
def compare(stock: StockCompiler, connection: duckdb.DuckDBPyConnection, today: date) -> Compare:
    """Compare a number of generated queries on a model, and fail where any differs."""

    def run(folder: Path, count: int, seed: int) -> Tally:
        tally = Differential(stock, folder, connection, today).run(count, seed)
        shown = "\n\n".join(tally.differences[:5])
        assert not tally.differences, f"{len(tally.differences)} of {count} differ:\n\n{shown}"
        assert tally.rows > count
        return tally

    return run


@pytest.mark.parametrize(("folder", "count"), [(MODEL_FOLDER, 120), (SHAPES, 180)])
def test_generated_queries_have_the_rows_of_stock_cube(
    compare: Compare, folder: Path, count: int
) -> None:
    tally = compare(folder, count, SEED)
    views = load_model(folder).views.values()
    assert tally.views >= {v.definition.name for v in views if len(v.facts) == 1}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 6))
@pytest.mark.parametrize(("folder", "count"), [(MODEL_FOLDER, 100), (SHAPES, 200)])
def test_many_generated_queries_have_the_rows_of_stock_cube(
    compare: Compare, folder: Path, count: int, seed: int
) -> None:
    tally = compare(folder, count, seed)
    shapes = ", ".join(f"{number} {name}" for name, number in sorted(tally.compared.items()))
    print(f"\n{folder.name}, seed {seed}: {shapes}; {tally.rows} rows are the same")
