"""The landing folder: which deliveries wait there, and what is wrong with the others.

Layout: ``<source>/<feed>/<feed>_<business date>_r<rerun>.<suffix>`` with a control file beside it.
The control file is written last: a data file without one is not yet delivered; unless the contract
says that the file carries its control in records of its own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path

from pydantic import ValidationError

from bankcrm.errors import RejectedDelivery
from bankcrm.files import hash_file
from bankcrm.settings import Settings
from pipelines.contracts.contract import Contract, load_contracts
from pipelines.landing.archive import DATA_SUFFIXES
from pipelines.landing.control import CONTROL_SUFFIX, ControlFile, Label, delivery_stem
from pipelines.landing.control_records import carries_records, read_label

IGNORED_REMEDY = (
    "Have it delivered again, with the right name and statement, or move it away. Until then"
    " business dates are published without it, unless it is of a feed that is due."
)
LARGEST_CONTROL_FILE = 1_000_000
"""Bytes; a control file is a page of text."""


@dataclass(frozen=True)
class Delivery:
    """One complete delivery: a data file and the statement about it.

    ``control`` is the control file; of a file that carries control records, its header record.
    """

    contract: Contract
    control: Label
    data_file: Path

    @property
    def file_name(self) -> str:
        """Name of the data file."""
        return self.data_file.name

    @cached_property
    def sha256(self) -> str:
        """Hash of the data file, as its control file states it; counted where there is none."""
        if isinstance(self.control, ControlFile):
            return self.control.sha256
        return hash_file(self.data_file)


@dataclass(frozen=True)
class LandingScan:
    """Everything found in one pass over the landing folder.

    ``deliveries`` are in order of business date, feed and rerun; ``incomplete`` are data files
    that still lack their control file; ``problems`` say what lies there and is neither, and what
    to do about it.
    """

    deliveries: tuple[Delivery, ...]
    incomplete: tuple[Path, ...]
    problems: tuple[str, ...]


@dataclass
class _Findings:
    root: Path
    deliveries: list[Delivery] = field(default_factory=list)
    incomplete: list[Path] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def report(self, path: Path, problem: str, remedy: str) -> None:
        self.problems.append(f"{path} {problem}. {remedy}")


def find_deliveries(settings: Settings) -> LandingScan:
    """Look through the landing folder once. A bad file never hides the others."""
    root = settings.landing_folder
    findings = _Findings(root.resolve())
    contracts = load_contracts()
    for folder, source, feed in _feed_folders(root, findings):
        contract = contracts.get(f"{source}.{feed}")
        if contract is None:
            _report_unknown_feed(folder, source, contracts, findings)
        elif _is_inside(folder, findings):
            _scan_folder(folder, contract, findings)
    order = sorted(
        findings.deliveries,
        key=lambda d: (d.control.business_date, d.contract.name, d.control.rerun),
    )
    return LandingScan(tuple(order), tuple(findings.incomplete), tuple(findings.problems))


def is_delivered(settings: Settings, contract: Contract, business_date: date) -> bool:
    """Whether the landing folder holds a delivery of a feed for a date, whatever its worth."""
    folder = settings.landing_folder / contract.source / contract.feed
    stem = delivery_stem(contract.feed, business_date)
    suffix = CONTROL_SUFFIX if contract.format.control == "file" else ""
    return any(folder.glob(f"{stem.removesuffix('0')}*{suffix}"))


def _feed_folders(root: Path, findings: _Findings) -> Iterator[tuple[Path, str, str]]:
    if not root.is_dir():
        return
    for source in sorted(root.iterdir()):
        if not source.is_dir():
            findings.report(source, "is no folder of a source system", "Move it away.")
            continue
        for folder in sorted(source.iterdir()):
            if folder.is_dir():
                yield folder, source.name, folder.name
            else:
                findings.report(
                    folder,
                    "lies beside the folders of the feeds",
                    "Move it into its feed's folder.",
                )


def _report_unknown_feed(
    folder: Path, source: str, contracts: Mapping[str, Contract], findings: _Findings
) -> None:
    known = [contract.feed for contract in contracts.values() if contract.source == source]
    sources = sorted({contract.source for contract in contracts.values()})
    remedy = (
        f"Feeds of {source}: {', '.join(known)}." if known else f"Sources: {', '.join(sources)}."
    )
    findings.report(folder, "is the folder of a feed that no contract describes", remedy)


def _is_inside(path: Path, findings: _Findings) -> bool:
    """Whether a path stays inside the landing folder once links are followed; reported if not."""
    if not path.resolve().is_relative_to(findings.root):
        findings.report(path, "is a link out of the landing folder", "Deliver the file itself.")
        return False
    return True


def _is_plain_file(path: Path, findings: _Findings) -> bool:
    """Whether a path is a file of its own that can be read; reported if not.

    A link is none, wherever it leads: its content could change after it was checked, and it could
    be the file of another source. A pipe would keep the reader waiting for ever.
    """
    if path.is_symlink():
        findings.report(path, "is a link", "Deliver the file itself.")
    elif not path.is_file():
        findings.report(path, "is no regular file", "Deliver a file, or move it away.")
    elif not os.access(path, os.R_OK):
        findings.report(path, "cannot be read", "Let the account of the refresh read it.")
    else:
        return True
    return False


def _scan_folder(folder: Path, contract: Contract, findings: _Findings) -> None:
    paths = {path.name: path for path in sorted(folder.iterdir())}
    stems = {name.split(".", 1)[0] for name in paths}
    for stem in sorted(stems):
        control = paths.get(stem + CONTROL_SUFFIX)
        data = [paths[stem + suffix] for suffix in DATA_SUFFIXES if stem + suffix in paths]
        if any(carries_records(path, contract.format) for path in data):
            _read_records(contract, control, data, findings)
        elif control is not None:
            _read_delivery(contract, control, data, findings)
        else:
            findings.incomplete += data
    known = {stem + suffix for stem in stems for suffix in (CONTROL_SUFFIX, *DATA_SUFFIXES)}
    for name, path in paths.items():
        if name not in known and not name.endswith(".part"):
            findings.report(
                path, "is neither data nor control file", f"Use {', '.join(DATA_SUFFIXES)}."
            )


def _read_delivery(
    contract: Contract, control_file: Path, data: list[Path], findings: _Findings
) -> None:
    if len(data) != 1:
        found = f"{len(data)} data files" if data else "no data file"
        findings.report(control_file, f"has {found} beside it", "Deliver exactly one data file.")
        return
    if not all(_is_plain_file(path, findings) for path in (control_file, *data)):
        return
    if control_file.stat().st_size > LARGEST_CONTROL_FILE:
        problem = f"has more than {LARGEST_CONTROL_FILE:,} bytes: it is no control file"
        findings.report(control_file, problem, "Write the control file again.")
        return
    try:
        control = ControlFile.model_validate_json(control_file.read_bytes())
    except (ValidationError, OSError) as error:
        findings.report(control_file, _explain(error), "Write the control file again.")
        return
    problems = compare_with_name(contract, control, control_file)
    if problems:
        findings.report(control_file, "; ".join(problems), "Correct the control file or its name.")
    else:
        findings.deliveries.append(Delivery(contract, control, data[0]))


def _read_records(
    contract: Contract, control_file: Path | None, data: list[Path], findings: _Findings
) -> None:
    """A data file whose header record says which delivery it is."""
    path = data[0]
    if control_file is not None or len(data) != 1:
        problem = "carries control records, and has a control file or another data file beside it"
        findings.report(path, problem, "Deliver exactly one file.")
        return
    if not _is_plain_file(path, findings):
        return
    try:
        label = read_label(path, contract)
    except RejectedDelivery as rejection:
        findings.report(path, "; ".join(rejection.problems), rejection.remedy)
        return
    problems = compare_with_name(contract, label, path)
    if problems:
        findings.report(path, "; ".join(problems), "Correct the header record or the file's name.")
    else:
        findings.deliveries.append(Delivery(contract, label, path))


def _explain(error: ValidationError | OSError) -> str:
    if isinstance(error, OSError):
        return f"cannot be read: {error.strerror}"
    faults = [f"{'.'.join(map(str, e['loc'])) or 'file'}: {e['msg']}" for e in error.errors()]
    return "is no control file: " + "; ".join(faults)


def compare_with_feed(contract: Contract, control: Label) -> list[str]:
    """How what a source system states differs from the feed in whose folder it lies."""
    if (control.source, control.feed) == (contract.source, contract.feed):
        return []
    return [f"states {control.source}.{control.feed} in the folder of {contract.name}"]


def compare_with_name(contract: Contract, control: Label, path: Path) -> list[str]:
    """How what a source system states differs from where, and under which name, it lies."""
    problems = compare_with_feed(contract, control)
    stem = path.name.split(".", 1)[0]
    stated = delivery_stem(contract.feed, control.business_date, control.rerun)
    if stem != stated:
        problems.append(f"its business date and rerun belong to {stated}, not {stem}")
    return problems
