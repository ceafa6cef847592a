"""`bankcrm docs`: the dictionary of the project as it is, without any warehouse."""

from __future__ import annotations

from pathlib import Path

from bankcrm.settings import Settings
from pipelines.documents.dictionary import write_dictionary


def test_the_dictionary_is_written_whole_over_the_one_before(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    settings.docs_folder.mkdir()
    (settings.docs_folder / "page_of_before.html").write_text("old")

    first = write_dictionary(settings)

    assert sorted(path.name for path in settings.docs_folder.iterdir()) == [
        "dbt.html", "dictionary.css", "dictionary.js",
        "index.html", "marts.html", "parameters.html", "questions.html",
    ]  # fmt: skip
    assert [path.name for path in tmp_path.iterdir()] == ["docs"]
    assert "fct_profit_monthly" in (first.parent / "marts.html").read_text(encoding="utf-8")
    assert "model.bankcrm.fct_profit_monthly" in (first.parent / "dbt.html").read_text()
