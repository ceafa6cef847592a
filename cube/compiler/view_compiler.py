"""A view of the model, compiled from the cubes that it includes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from cube.compiler.compiled import (
    CompiledCube,
    CompiledHierarchy,
    CompiledView,
    Member,
    MemberSource,
)
from cube.compiler.definition import (
    Dimension,
    Folder,
    FolderPath,
    Include,
    Measure,
    Segment,
    View,
    ViewCube,
)
from cube.compiler.expression import (
    MemberId,
)
from cube.compiler.joins import JoinGraph, Tree
from cube.compiler.measures import CompiledMeasure
from cube.errors import ModelError, suggest


class ViewCompiler:
    """Resolves the join paths and members of views."""

    def __init__(self, cubes: Mapping[str, CompiledCube], graph: JoinGraph) -> None:
        self._cubes = cubes
        self._graph = graph

    def compile(self, view: View) -> CompiledView:
        """One view.

        Raises:
            ModelError: an unknown cube, join or member, or a name used twice.
        """
        try:
            trees = self._trees(view)
        except ModelError as error:
            raise ModelError(f"{view.name}: {error.problem}") from error
        members: dict[str, Member] = {}
        paths: dict[str, list[str]] = {}
        for entry in view.cubes:
            for member in self._members(view, entry):
                if member.name in members:
                    raise ModelError(f"{view.name}: two members are called '{member.name}'")
                members[member.name] = member
                paths.setdefault(entry.join_path, []).append(member.name)
        members = _add_drill_members(members)
        hierarchies = tuple(self._hierarchies(view, members, paths))
        folders = tuple(_flatten_folders(view, view.folders, members, paths))
        return CompiledView(view, trees, members, hierarchies, folders)

    def _trees(self, view: View) -> dict[str, Tree]:
        paths: dict[str, list[list[str]]] = {}
        for entry in view.cubes:
            path = entry.join_path.split(".")
            for cube in path:
                if cube not in self._cubes:
                    raise ModelError(f"no cube '{cube}'{suggest(cube, self._cubes)}")
            paths.setdefault(path[0], []).append(path)
        return {root: self._graph.tree(root, found) for root, found in paths.items()}

    def _members(self, view: View, entry: ViewCube) -> Iterator[Member]:
        path = entry.join_path.split(".")
        cube = self._cubes[path[-1]]
        prefix = f"{entry.alias or cube.definition.name}_" if entry.prefix else ""
        for include in self._includes(view, entry, cube):
            source = cube.members[include.name]
            if source.definition.public:
                name = f"{view.name}.{prefix}{include.alias or include.name}"
                yield _show(name, source, path[0], include)

    def _includes(self, view: View, entry: ViewCube, cube: CompiledCube) -> list[Include]:
        known = cube.members
        hierarchies = {h.name: h for h in cube.definition.hierarchies}
        if entry.includes == "*":
            includes = [Include(name=name) for name in known]
        else:
            includes = [i if isinstance(i, Include) else Include(name=i) for i in entry.includes]
        listed = {include.name for include in includes}
        for include in [i for i in includes if i.name in hierarchies]:
            includes.remove(include)
            levels = [n for n in hierarchies[include.name].levels if n not in listed]
            includes += [Include(name=name) for name in levels]
        private = [measure.name for measure in cube.definition.measures]
        for name in (*(include.name for include in includes), *entry.excludes):
            if name not in known and not (name in entry.excludes and name in private):
                raise ModelError(
                    f"{view.name}: {entry.join_path} has no member '{name}'{suggest(name, known)}"
                )
        return [include for include in includes if include.name not in entry.excludes]

    def _hierarchies(
        self, view: View, members: Mapping[str, Member], paths: dict[str, list[str]]
    ) -> Iterator[CompiledHierarchy]:
        """Hierarchies that an entry includes by ``*`` or by name, cut to the levels it shows.

        They belong to the folder of their join path too.
        """
        shown = {member.source.id: name for name, member in members.items()}
        for entry in view.cubes:
            cube = self._cubes[entry.join_path.split(".")[-1]].definition
            names = [i.name if isinstance(i, Include) else i for i in entry.includes]
            prefix = f"{entry.alias or cube.name}_" if entry.prefix else ""
            for hierarchy in cube.hierarchies:
                if entry.includes != "*" and hierarchy.name not in names:
                    continue
                ids = [(cube.name, level) for level in hierarchy.levels]
                levels = tuple(shown[id_] for id_ in ids if id_ in shown)
                if levels:
                    name = f"{view.name}.{prefix}{hierarchy.name}"
                    alias = f"{cube.name}.{hierarchy.name}"
                    paths[entry.join_path].append(name)
                    yield CompiledHierarchy(name, hierarchy, alias, levels)


def _add_drill_members(members: dict[str, Member]) -> dict[str, Member]:
    """Each measure with those of its drill members that the view shows."""
    shown = {member.source.id: name for name, member in members.items()}
    return {
        name: replace(member, drill_members=_drill(member, shown))
        for name, member in members.items()
    }


def _drill(member: Member, shown: Mapping[MemberId, str]) -> tuple[str, ...]:
    if not isinstance(member.source, CompiledMeasure):
        return ()
    paths = [path.split(".") for path in member.source.definition.drill_members]
    own = member.source.id[0]
    ids = [(path[-2] if len(path) > 1 else own, path[-1]) for path in paths]
    return tuple(shown[id_] for id_ in ids if id_ in shown)


def _flatten_folders(
    view: View,
    folders: Iterable[Folder],
    members: Mapping[str, Member],
    paths: Mapping[str, list[str]],
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Name and members of each folder; those of nested folders count to the outer one too."""
    for folder in folders:
        names: list[str] = list(members) if folder.includes == "*" else []
        for item in () if folder.includes == "*" else folder.includes:
            if isinstance(item, FolderPath):
                names += paths.get(item.join_path, [])
            elif isinstance(item, Folder):
                for _, inner in _flatten_folders(view, [item], members, paths):
                    names += inner
            elif f"{view.name}.{item}" in members:
                names.append(f"{view.name}.{item}")
            else:
                known = [name.split(".")[1] for name in members]
                raise ModelError(
                    f"{view.name}.folders.{folder.name}: no member '{item}'{suggest(item, known)}"
                )
        yield folder.name, tuple(dict.fromkeys(names))


def _show(name: str, source: MemberSource, root: str, include: Include) -> Member:
    definition: Dimension | Measure | Segment = source.definition
    own_format = None if isinstance(definition, Segment) else definition.format
    return Member(
        name=name,
        source=source,
        root=root,
        title=include.title
        or definition.title
        or name.split(".")[1].replace("_", " ").capitalize(),
        description=include.description or definition.description,
        format=include.format or own_format,
        meta=definition.meta if include.meta is None else include.meta,
    )
