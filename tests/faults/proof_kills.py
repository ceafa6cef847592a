"""Random kills, many of them: ``make proof-kills KILLS=1000``.

A refresh of a tiny bank is killed by ``kill -9`` at a random moment, again and again, while it
loads, builds or publishes. After every kill the published version must be one whole version, the
old or the new one, by fingerprint of every table. After every recovery the tables must equal those
of an undisturbed run. The counts are kept in the state file, so that the proof can be continued.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import signal
import subprocess
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path

from bankcrm.failpoints import PERMISSION, PLACE
from bankcrm.settings import Settings
from bankcrm.warehouse.fingerprint import fingerprint_tables
from bankcrm.warehouse.versions import current_version
from pipelines.build.project import hash_project
from pipelines.loading.raw import open_raw
from pipelines.operations.audit_check import check_audit_log
from pipelines.refresh.refresh import refresh
from pipelines.sources.sample import make_sample_bank
from tests.faults.homes import (
    NINTH,
    Fingerprints,
    deliver,
    fingerprints,
    run_refresh,
    start_refresh,
)
from tests.integration.banks import keep_from

OLD, NEW = "2024-02-02-001", "2024-02-03-001"
SHARES = {"load": 0.6, "publish": 0.35, "build": 0.05}
KILLS_BEFORE_RECOVERY = 6
STOP_BEFORE_BUILD = {PERMISSION: "1", PLACE: "build:before:error"}
RAW_SCHEMAS = ("branch", "card", "finance", "loan", "teller")


@dataclass
class State:
    """What the proof has shown so far; ``seed`` continues the random moments."""

    project_hash: str
    seed: int = 1
    kills: int = 0
    publishes: int = 0
    recoveries: int = 0
    breaches: list[str] = field(default_factory=list)
    kills_by_phase: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Proof:
    """Homes to copy, by the phase that comes next in them, and what an undisturbed run gives."""

    folder: Path
    old: Fingerprints
    new: Fingerprints
    raw: Fingerprints
    seconds: dict[str, float]

    def copy(self, phase: str, number: int) -> Settings:
        """A home of its own, about to begin a phase."""
        home = self.folder / "running" / f"{phase}-{number}"
        shutil.rmtree(home.parent, ignore_errors=True)
        shutil.copytree(self.folder / phase, home)
        return Settings(home=home, disk_reserve_bytes=0)


def main() -> int:
    """Make the kills asked for and print what came of them; exit code 1 after a breach."""
    arguments = _read_arguments()
    folder: Path = arguments.folder
    proof, state = _prepare(folder)
    dice = random.Random(state.seed)
    last = state.kills + arguments.kills
    while state.kills < last:
        phase = dice.choices(list(SHARES), list(SHARES.values()))[0]
        _run_round(proof, state, phase, dice, last)
        state.seed = dice.randrange(2**31)
        (folder / "state.json").write_text(json.dumps(asdict(state), indent=2) + "\n")
        _print_state(state)
    return 1 if state.breaches else 0


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--folder", type=Path, default=Path("var/proof-kills"))
    return parser.parse_args()


def _run_round(proof: Proof, state: State, phase: str, dice: random.Random, last: int) -> None:
    """Kill one home's refresh a few times in a phase, then let it recover."""
    settings = proof.copy(phase, state.kills)
    environment = {} if phase != "load" else STOP_BEFORE_BUILD
    for _ in range(min(dice.randint(1, KILLS_BEFORE_RECOVERY), last - state.kills)):
        moment = dice.uniform(0.2, 1.1) * proof.seconds[phase]
        was_killed = _kill_after(settings, moment, environment)
        state.kills += was_killed
        state.kills_by_phase[phase] = state.kills_by_phase.get(phase, 0) + was_killed
        _check_readers(proof, state, settings, f"kill {state.kills} ({phase} at {moment:.2f} s)")
    _recover(proof, state, settings, phase, environment)


def _kill_after(settings: Settings, seconds: float, environment: dict[str, str]) -> bool:
    """Start a refresh and kill it after a while; False when it had ended before."""
    process = start_refresh(settings, **environment)
    try:
        process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.communicate()
        return True
    return False


def _check_readers(proof: Proof, state: State, settings: Settings, what: str) -> None:
    known = {OLD: proof.old, NEW: proof.new}
    version = current_version(settings)
    if version not in known or fingerprints(settings) != known[version]:
        state.breaches.append(f"{what}: readers see something else than {OLD} or {NEW}")
        shutil.copytree(settings.home, proof.folder / f"breach-{len(state.breaches)}")
    audit = check_audit_log(settings).problem
    if audit is not None and "is torn" not in audit:
        state.breaches.append(f"{what}: {audit}")


def _recover(
    proof: Proof, state: State, settings: Settings, phase: str, environment: dict[str, str]
) -> None:
    """Run once more without a kill; the tables must be those of an undisturbed run."""
    exit_code, screen = run_refresh(settings, **environment)
    if phase == "load":
        is_equal = "Stopped on purpose" in screen and raw_fingerprints(settings) == proof.raw
    else:
        is_equal = exit_code == 0 and fingerprints(settings) == proof.new
        state.publishes += is_equal
    state.recoveries += is_equal
    if not is_equal:
        state.breaches.append(f"after kill {state.kills} ({phase}): {screen[-500:]}")
        shutil.copytree(settings.home, proof.folder / f"breach-{len(state.breaches)}")


def raw_fingerprints(settings: Settings) -> Fingerprints:
    """Fingerprints of the feeds' raw tables."""
    with open_raw(settings) as connection:
        return fingerprint_tables(connection, RAW_SCHEMAS)


def _prepare(folder: Path) -> tuple[Proof, State]:
    """The homes to copy, made anew when the project has changed, and the counts so far."""
    note = folder / "state.json"
    state = State(hash_project())
    if note.exists():
        known = State(**json.loads(note.read_text()))
        state = known if known.project_hash == state.project_hash else state
    if not (folder / "proof.json").exists() or state.kills == 0:
        shutil.rmtree(folder, ignore_errors=True)
        _make_homes(folder)
    found = json.loads((folder / "proof.json").read_text())
    old, new, raw = (_read_fingerprints(found[name]) for name in ("old", "new", "raw"))
    return Proof(folder, old, new, raw, found["seconds"]), state


def _read_fingerprints(found: dict[str, list[int]]) -> Fingerprints:
    return {table: (rows, digest) for table, (rows, digest) in found.items()}


def _make_homes(folder: Path) -> None:
    """One home per phase, and the undisturbed run."""
    print("Preparing a tiny bank and its undisturbed run")
    start = Settings(home=folder / "load", disk_reserve_bytes=0)
    make_sample_bank(start.landing_folder, customers=80, days=9, start=date(2024, 1, 26))
    keep_from(start, NINTH, aside=folder / "later")
    refresh(start)
    old = fingerprints(start)
    deliver(folder / "later", start, NINTH)
    loading = _time(start, STOP_BEFORE_BUILD, folder / "build")
    built = Settings(home=folder / "build")
    raw = raw_fingerprints(built)
    building = _time(built, {PERMISSION: "1", PLACE: "check:before"}, folder / "publish")
    publishing = _time(Settings(home=folder / "publish"), {}, folder / "undisturbed")
    new = fingerprints(Settings(home=folder / "undisturbed"))
    seconds = {"load": loading, "build": building, "publish": publishing}
    content = {"old": old, "new": new, "raw": raw, "seconds": seconds}
    (folder / "proof.json").write_text(json.dumps(content))


def _time(settings: Settings, environment: dict[str, str], result: Path) -> float:
    """Seconds of a refresh of a copy of a home, which is kept as the result."""
    shutil.copytree(settings.home, result)
    begin = time.perf_counter()
    run_refresh(Settings(home=result), **environment)
    return time.perf_counter() - begin


def _print_state(state: State) -> None:
    phases = ", ".join(f"{name} {count}" for name, count in Counter(state.kills_by_phase).items())
    print(
        f"{state.kills} kills ({phases}), {state.recoveries} recoveries, {state.publishes}"
        f" publishes, {len(state.breaches)} breaches",
        flush=True,
    )
    for breach in state.breaches:
        print(f"  BREACH {breach}", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
