"""The pages of the dictionary: HTML that needs nothing beside itself, and dbt's documentation."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from bankcrm.settings import Settings
from cube.compiler.model import load_model
from pipelines.build.dbt import write_dbt_docs
from pipelines.documents.dictionary.entries import CHAPTERS, Dictionary, collect_entries
from pipelines.parameters.seeds import SEEDS_FOLDER, read_seeds

TEMPLATES = Path(__file__).parent / "templates"
PAGES = ("index", "questions", "marts", "parameters")
ASSETS = ("dictionary.css", "dictionary.js")


def write_dictionary(settings: Settings) -> Path:
    """Write the dictionary and dbt's documentation into ``<home>/docs``, as a whole or not at all.

    No warehouse is needed: everything comes from the project.

    Returns:
        The first page.

    Raises:
        FailedBuild: dbt cannot read the project.
        ModelError: the cube model is invalid.
    """
    target = settings.docs_folder
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".docs.") as name:
        folder = Path(name) / "docs"
        folder.mkdir()
        manifest = write_dbt_docs(Path(name), folder / "dbt.html")
        entries = collect_entries(
            json.loads(manifest.read_text(encoding="utf-8")), load_model(), read_seeds(SEEDS_FOLDER)
        )
        render_pages(entries, folder)
        if target.exists():
            target.rename(Path(name) / "before")
        folder.rename(target)
    return target / "index.html"


def render_pages(entries: Dictionary, folder: Path) -> None:
    """Write the pages of a dictionary into a folder; every text is escaped."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["breakable"] = _break_name
    chapters = {
        heading: [mart for mart in entries.marts if mart.chapter == chapter]
        for chapter, heading in CHAPTERS.items()
    }
    for page in PAGES:
        text = environment.get_template(f"{page}.html.j2").render(
            page=page, entries=entries, chapters=chapters
        )
        (folder / f"{page}.html").write_text(text, encoding="utf-8")
    for asset in ASSETS:
        shutil.copyfile(TEMPLATES / asset, folder / asset)


def _break_name(name: str) -> Markup:
    """A name that may be broken between its words, where a column is narrow."""
    return Markup(re.sub(r"([_.])", r"\1<wbr>", str(escape(name))))
