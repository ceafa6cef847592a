"""A run of a command: its steps in the journal, its lines in a log of its own."""

from __future__ import annotations

import json
import logging
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

from bankcrm.audit import acting_user, read_head, record
from bankcrm.clock import now
from bankcrm.errors import BankcrmError, Stopped
from bankcrm.failpoints import reach
from bankcrm.settings import Settings
from pipelines.operations.journal import Event, Journal
from pipelines.operations.lock import is_held

RunDetail = dict[str, Any]
MOST_RUNS = 200
AUDIT_HEAD = "audit"
"""Under this name the end of a run in the journal says how far the audit log reached."""
AUDITED_DETAILS = ("version", "business_date", "exit_code", "error", "held", "stale")


@dataclass(frozen=True)
class StepRecord:
    """One step of a run; ``seconds`` is None for a step that never finished."""

    name: str
    outcome: str
    seconds: float | None
    detail: RunDetail


@dataclass(frozen=True)
class RunRecord:
    """What the journal knows of a run. ``outcome`` is "running" until it ended."""

    run_id: int
    command: str
    started_at: datetime
    ended_at: datetime | None
    outcome: str
    detail: RunDetail
    steps: tuple[StepRecord, ...]

    @property
    def seconds(self) -> float | None:
        """Length of the run by the clock; None while it runs."""
        return (self.ended_at - self.started_at).total_seconds() if self.ended_at else None


@dataclass
class Run:
    """A run at work. ``outcome`` and ``detail`` are written to the journal when it ends."""

    run_id: int
    journal: Journal
    stream: TextIO
    outcome: str = "done"
    detail: RunDetail = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[RunDetail]:
        """Do one named step; what the block puts into the dictionary is kept as its figures."""
        reach(f"{name}:before")
        self.journal.append("step_started", name, self.run_id)
        self.log("step_started", step=name)
        figures: RunDetail = {}
        begin = time.perf_counter()
        try:
            yield figures
        except BaseException as error:
            figures |= {"problem": str(error) or type(error).__name__, "seconds": _since(begin)}
            self.journal.append("step_failed", name, self.run_id, **figures)
            self.log("step_failed", step=name, **figures)
            raise
        figures["seconds"] = _since(begin)
        self.journal.append("step_finished", name, self.run_id, **figures)
        self.log("step_finished", step=name, **figures)
        reach(f"{name}:after")

    def log(self, event: str, **fields: Any) -> None:
        """Write one line of JSON to the run's log."""
        line = {"at": now().isoformat(), "run": self.run_id, "event": event} | fields
        self.stream.write(json.dumps(line, default=str, ensure_ascii=False) + "\n")
        self.stream.flush()


class _LogLines(logging.Handler):
    """Writes what the modules log into the log of the run."""

    def __init__(self, run: Run) -> None:
        super().__init__()
        self._run = run

    def emit(self, record: logging.LogRecord) -> None:
        self._run.log(
            "log", level=record.levelname, logger=record.name, message=record.getMessage()
        )


@contextmanager
def begin_run(settings: Settings, command: str) -> Iterator[Run]:
    """Enter a run into journal and audit log, and how it ended. The caller holds the lock of the
    home."""
    journal = Journal(settings.home)
    cut_short = mark_interrupted(journal)
    if cut_short is not None:
        record(settings, f"{command}_interrupted", acting_user(), f"run {cut_short}")
    run_id = journal.last_run_id() + 1
    journal.append("run_started", command, run_id)
    record(settings, f"{command}_started", acting_user(), f"run {run_id}")
    with ExitStack() as stack:
        log_file = run_log(settings, run_id)
        log_file.parent.mkdir(parents=True, exist_ok=True)
        run = Run(run_id, journal, stack.enter_context(log_file.open("a", encoding="utf-8")))
        stack.enter_context(_captured_logging(run))
        run.log("run_started", command=command)
        try:
            yield run
        except BaseException as error:
            is_stopped = isinstance(error, KeyboardInterrupt | Stopped)
            run.outcome = "stopped" if is_stopped else "failed"
            run.detail |= _describe_error(error)
            raise
        finally:
            run.log("run_finished", outcome=run.outcome, **run.detail)
            _note_end(settings, run, command)


def _note_end(settings: Settings, run: Run, command: str) -> None:
    """Enter the end of a run into the audit log, and into the journal with the log's head."""
    audited = {name: run.detail[name] for name in AUDITED_DETAILS if name in run.detail}
    head = None
    try:
        subject, details = f"run {run.run_id}", {"outcome": run.outcome} | audited
        record(settings, f"{command}_ended", acting_user(), subject, details)
        head = read_head(settings)
    finally:
        known = {AUDIT_HEAD: asdict(head)} if head else {}
        run.journal.append("run_finished", run.outcome, run.run_id, **run.detail, **known)


def run_log(settings: Settings, run_id: int) -> Path:
    """Path of a run's log: one JSON object a line."""
    return settings.log_folder / "runs" / f"run-{run_id:06d}.jsonl"


def mark_interrupted(journal: Journal) -> int | None:
    """Say of a run that was killed that it never ended; returns its number."""
    for run in list_runs(journal, most=1):
        if run.outcome == "running":
            journal.append("run_interrupted", run.command, run.run_id)
            return run.run_id
    return None


def list_runs(journal: Journal, most: int = MOST_RUNS) -> list[RunRecord]:
    """The last runs as the journal has them, oldest first."""
    by_run: dict[int, list[Event]] = defaultdict(list)
    for event in journal.read(since_run=max(journal.last_run_id() - most + 1, 1)):
        if event.run_id is not None and (event.kind == "run_started" or event.run_id in by_run):
            by_run[event.run_id].append(event)
    return [_read_run(events) for events in by_run.values()]


def read_runs(settings: Settings, most: int = MOST_RUNS) -> list[RunRecord]:
    """The last runs of a home, oldest first; one that was killed is called interrupted."""
    runs = list_runs(Journal(settings.home), most)
    if runs and runs[-1].outcome == "running" and not is_held(settings.home):
        runs[-1] = replace(runs[-1], outcome="interrupted")
    return runs


def find_run(settings: Settings, run_id: int) -> RunRecord:
    """One run by its number; BankcrmError when there is none."""
    last = Journal(settings.home).last_run_id()
    for run in read_runs(settings, most=max(last - run_id + 1, 1)):
        if run.run_id == run_id:
            return run
    raise BankcrmError(f"There is no run {run_id}", "`bankcrm runs` lists them.")


@contextmanager
def _captured_logging(run: Run) -> Iterator[None]:
    handler = _LogLines(run)
    logger = logging.getLogger("bankcrm")
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


def _read_run(events: list[Event]) -> RunRecord:
    start = events[0]
    end = next((e for e in events if e.kind in ("run_finished", "run_interrupted")), None)
    outcome = "running"
    if end is not None:
        outcome = end.name if end.kind == "run_finished" else "interrupted"
    detail = end.detail if end is not None else {}
    return RunRecord(
        run_id=start.run_id or 0,
        command=start.name,
        started_at=start.at,
        ended_at=end.at if end is not None and end.kind == "run_finished" else None,
        outcome=outcome,
        detail={name: value for name, value in detail.items() if name != AUDIT_HEAD},
        steps=tuple(_read_steps(events)),
    )


def _read_steps(events: list[Event]) -> Iterator[StepRecord]:
    words = {"step_finished": "done", "step_failed": "failed"}
    ended = {event.name: event for event in events if event.kind in words}
    for event in events:
        if event.kind == "step_started":
            end = ended.get(event.name)
            detail = dict(end.detail) if end else {}
            seconds = detail.pop("seconds", None)
            yield StepRecord(event.name, words[end.kind] if end else "cut short", seconds, detail)


def _describe_error(error: BaseException) -> RunDetail:
    if isinstance(error, BankcrmError):
        kind = type(error).__name__
        return {"error": kind, "problem": error.problem, "remedy": error.remedy,
                "exit_code": error.exit_code}  # fmt: skip
    return {"error": type(error).__name__, "problem": str(error), "exit_code": 1}


def _since(begin: float) -> float:
    return round(time.perf_counter() - begin, 3)
