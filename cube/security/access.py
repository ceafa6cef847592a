"""Access of one user: views cut to their members, and a row rule per cube.

Everything is denied unless a policy of one of the user's groups grants it. Where several policies
match, the user has what any of them grants; where a query reads several cubes, a row must be
granted by each cube that has policies. A view without policies is the administrator's alone. A mask
of one group holds against the clear values of another: else who sees names in one branch, and
masked rows of the whole bank, would see every name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from sqlglot import exp

from bankcrm.errors import BankcrmError
from cube.compiler.compiled import CompiledDimension, CompiledHierarchy, CompiledView, Member
from cube.compiler.definition import ViewPolicy
from cube.compiler.filters import NOTHING, Group, Node
from cube.compiler.model import Model
from cube.compiler.policy import Claims, RowPolicy, fill_rule
from cube.errors import suggest

ADMINISTRATORS: Final = "admin"
_DEFAULT_POLICY = (ViewPolicy(group=ADMINISTRATORS),)
_TYPES = {
    "string": exp.DataType.Type.VARCHAR,
    "number": exp.DataType.Type.DECIMAL,
    "boolean": exp.DataType.Type.BOOLEAN,
    "time": exp.DataType.Type.TIMESTAMP,
}


@dataclass(frozen=True, eq=False)
class Access:
    """Views by name as the user sees them; per cube with policies the rows, None for all."""

    views: Mapping[str, CompiledView]
    rules: Mapping[str, Node | None]
    is_administrator: bool

    def select_rules(
        self, cubes: Iterable[str], measured: frozenset[str] = frozenset()
    ) -> tuple[Node, ...]:
        """Conditions on rows that join ``cubes``; those of the ``measured`` ones are counted.

        A cube without policies adds no condition where it describes others, and may not be counted.
        """
        found: list[Node] = []
        for cube in sorted(measured.union(cubes)):
            rule = self.rules.get(cube)
            if rule is not None:
                found.append(rule)
            elif cube in measured and not self.opens(cube):
                found.append(NOTHING)
        return tuple(found)

    def opens(self, cube: str) -> bool:
        """Whether every row of a cube may be seen."""
        return self.rules[cube] is None if cube in self.rules else self.is_administrator

    def may_list(self, root: str, roots: Iterable[str]) -> bool:
        """Whether the rows of a cube may be listed that no fact counts.

        A cube without policies (customers, accounts) is open to those only to whom every fact among
        the ``roots`` of the query's views is; others see of it what the rows they may see refer to.
        """
        guarded = [cube for cube in roots if cube in self.rules]
        open_facts = bool(guarded) and all(map(self.opens, guarded))
        return self.opens(root) or root in self.rules or open_facts


class AccessControl:
    """Grants access by the claims of a token. Views are cut once per set of groups."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._views: dict[frozenset[str], Mapping[str, CompiledView]] = {}
        cubes = [policy.groups for policies in model.policies.values() for policy in policies]
        views = [p.names for v in model.views.values() for p in v.definition.access_policy]
        self.groups = frozenset({ADMINISTRATORS}).union(*cubes, *views)

    def require_known(self, groups: Iterable[str]) -> None:
        """Refuse a group that no policy names: it would open nothing, which looks like no data.

        Raises:
            BankcrmError: naming it and the groups there are.
        """
        known = sorted(self.groups)
        for name in groups:
            if name not in known:
                raise BankcrmError(
                    f"'{name}' is not a group of the cubes{suggest(name, known)}",
                    f"The groups are {', '.join(known)}.",
                )

    def grant(self, claims: Claims) -> Access:
        """Access of a user; groups that the model does not know grant nothing."""
        groups = self.groups.intersection(claims.get("groups", ()))
        if groups not in self._views:
            self._views[groups] = _show_views(self._model.views, groups)
        rules = {
            cube: _join_rules(policies, groups, claims)
            for cube, policies in self._model.policies.items()
        }
        return Access(self._views[groups], rules, ADMINISTRATORS in groups)


def grant_all(model: Model) -> Access:
    """Access of an administrator."""
    return AccessControl(model).grant({"groups": [ADMINISTRATORS]})


def _join_rules(
    policies: Iterable[RowPolicy], groups: frozenset[str], claims: Claims
) -> Node | None:
    """Rows that any of the matching policies grants."""
    rules = [policy.rule for policy in policies if policy.groups & groups]
    filled = [fill_rule(rule, claims) for rule in rules if rule is not None]
    if len(filled) < len(rules):
        return None
    return filled[0] if len(filled) == 1 else Group("or", tuple(filled))


def _show_views(
    views: Mapping[str, CompiledView], groups: frozenset[str]
) -> dict[str, CompiledView]:
    shown = {name: _show_view(view, groups) for name, view in views.items()}
    return {name: view for name, view in shown.items() if view.members}


def _show_view(view: CompiledView, groups: frozenset[str]) -> CompiledView:
    """The view with the members that some policy grants, the masked ones without their values."""
    policies = view.definition.access_policy or _DEFAULT_POLICY
    matching = [policy for policy in policies if policy.names & groups]
    members = {}
    for name, member in view.members.items():
        short = name.split(".")[1]
        if any(p.member_masking and p.member_masking.holds(short) for p in matching):
            members[name] = _mask(member)
        elif any(policy.member_level.holds(short) for policy in matching):
            members[name] = member
    members = {name: _cut_drill(member, members) for name, member in members.items()}
    hierarchies = tuple(_cut_hierarchies(view.hierarchies, members))
    known = {*members, *(hierarchy.name for hierarchy in hierarchies)}
    folders = [(name, tuple(n for n in names if n in known)) for name, names in view.folders]
    return replace(
        view,
        members=members,
        hierarchies=hierarchies,
        folders=tuple(folder for folder in folders if folder[1]),
    )


def _mask(member: Member) -> Member:
    """A member that shows its mask for every row, also where it is filtered or sorted by."""
    source = member.source
    assert isinstance(source, CompiledDimension)
    value = exp.Null() if source.mask is None else source.mask.copy()
    tree = exp.Cast(this=value, to=exp.DataType(this=_TYPES[source.definition.type]))
    return replace(member, source=replace(source, tree=tree))


def _cut_drill(member: Member, shown: Mapping[str, Member]) -> Member:
    drill = tuple(name for name in member.drill_members if name in shown)
    return replace(member, drill_members=drill)


def _cut_hierarchies(
    hierarchies: Iterable[CompiledHierarchy], shown: Mapping[str, Member]
) -> Iterable[CompiledHierarchy]:
    for hierarchy in hierarchies:
        levels = tuple(level for level in hierarchy.levels if level in shown)
        if levels:
            yield replace(hierarchy, levels=levels)
