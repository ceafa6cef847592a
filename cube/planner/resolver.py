"""Names of a query become members of the model that its reader may see."""

from __future__ import annotations

from collections.abc import Iterator

from cube.compiler.compiled import (
    CompiledView,
    Kind,
    Member,
)
from cube.compiler.expression import MemberId
from cube.compiler.joins import Tree
from cube.compiler.model import Model
from cube.compiler.policy import HIDDEN
from cube.errors import QueryError, suggest
from cube.security.access import Access


class Resolver:
    """Finds members by name and trees of joins by root, in the views that a query names."""

    def __init__(self, model: Model, access: Access) -> None:
        self.model = model
        self.access = access
        self.views: dict[str, CompiledView] = {}

    def member(self, name: str, kind: Kind | None = None) -> Member:
        """Member by full name.

        Raises:
            QueryError: no such member, or one of another kind.
        """
        view = self.access.views.get(name.split(".", maxsplit=1)[0])
        if view is None or not view.definition.public or name not in view.members:
            raise QueryError(f"'{name}' is not a member{suggest(name, self._known(view, kind))}")
        self.views[view.definition.name] = view
        member = view.members[name]
        if kind is not None and member.kind != kind:
            raise QueryError(f"'{name}' is a {member.kind}, not a {kind}")
        return member

    def trees(self, root: str) -> Iterator[Tree]:
        """Trees of a root in the views of the query, then its own."""
        for view in self.views.values():
            if root in view.trees:
                yield view.trees[root]
        yield self.model.joins.tree(root)

    def roots(self) -> list[str]:
        """Roots of the views of the query, facts first."""
        views = self.views.values()
        roots = [root for view in views for root in (*view.facts, *view.trees)]
        return list(dict.fromkeys(roots))

    def dimension(self, id_: MemberId) -> Member:
        """A dimension that no view needs to show, for a finer grain."""
        source = self.model.cubes[id_[0]].dimensions[id_[1]]
        name = ".".join(id_)
        return Member(f"{HIDDEN}{name}", source, id_[0], name, None, None, {})

    def is_calendar(self, member: Member) -> bool:
        """Whether the member describes days of a calendar, and is not the day itself."""
        return member.type != "time" and self.has_days(member.source.id[0])

    def has_days(self, cube: str) -> bool:
        """Whether the rows of a cube are the days of a calendar."""
        dimensions = self.model.cubes[cube].dimensions.values()
        keys = [d for d in dimensions if d.definition.primary_key]
        return all(key.definition.type == "time" for key in keys)

    def _known(self, view: CompiledView | None, kind: Kind | None) -> list[str]:
        views = [view] if view is not None else self.access.views.values()
        return [m.name for v in views for m in v.members.values() if kind in (None, m.kind)]
