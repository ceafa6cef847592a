"""What a refusal may name: views and members that its asker sees, and nothing of the inside."""

from __future__ import annotations

import re

from cube.compiler.policy import HIDDEN
from tests.truths.bank import Bank


def find_secret(bank: Bank, role: str, message: str) -> str | None:
    """A private cube, or a view or member that the role does not see, that a refusal names."""
    model = bank.engine.model
    shown = bank.views(role)
    names: list[str] = re.findall(r"[a-z_@]+(?:\.[a-z_]+)?", message)
    for name in names:
        first, _, rest = name.partition(".")
        if name.startswith(HIDDEN):
            return name
        if rest and first in model.views:
            if first not in shown or (name not in shown[first].members and _exists(bank, name)):
                return name
        elif rest and first in model.cubes:
            return name
    titles = {cube.definition.title for cube in model.cubes.values()} - {None}
    quoted = set(re.findall(r"'([^']+)'", message))
    return next(iter(sorted(str(title) for title in titles & quoted)), None)


def _exists(bank: Bank, name: str) -> bool:
    return name in bank.engine.model.views[name.split(".", maxsplit=1)[0]].members
