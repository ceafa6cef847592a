"""The audit log: whatever is done to it afterwards, somebody notices, and the line is named."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from bankcrm.audit import TORN_ACTION, log_file, read_entries, read_head, record
from bankcrm.errors import BankcrmError
from bankcrm.settings import Settings
from bankcrm.warehouse.manifest import describe_file, write_manifest
from pipelines.cli import app
from pipelines.operations.audit_check import (
    check_audit_log,
    read_backup_anchor,
    read_head_text,
    rotate_audit_log,
)
from pipelines.operations.runs import begin_run

ACTIONS = ("refresh_started", "waiver_granted", "refresh_ended", "rolled_back", "exported")
Harm = Callable[[list[bytes]], list[bytes]]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home with five entries."""
    settings = Settings(home=tmp_path)
    for action in ACTIONS:
        record(settings, action, "ann", "a subject", {"reason": "déjà 见"})
    return settings


def harm(settings: Settings, change: Harm) -> None:
    path = log_file(settings, 1)
    path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))


def edit_line(lines: list[bytes], number: int) -> list[bytes]:
    lines[number - 1] = lines[number - 1].replace(b"ann", b"bob")
    return lines


def forge_from(lines: list[bytes], number: int) -> list[bytes]:
    """What somebody does who knows how the chain is made: change a line, chain the rest again."""
    edit_line(lines, number)
    for place in range(number, len(lines)):
        entry = json.loads(lines[place])
        entry["previous"] = hashlib.sha256(lines[place - 1][:-1]).hexdigest()
        text = json.dumps(entry, ensure_ascii=False, separators=(",", ":"))
        lines[place] = text.encode() + b"\n"
    return lines


def test_the_chain_can_be_followed_without_this_program(settings: Settings) -> None:
    previous = "0" * 64
    for number, line in enumerate(log_file(settings, 1).read_bytes().splitlines(), start=1):
        entry = json.loads(line)
        assert (entry["number"], entry["previous"]) == (number, previous)
        assert entry["details"] == {"reason": "déjà 见"}
        previous = hashlib.sha256(line).hexdigest()
    found = check_audit_log(settings)
    assert found.problem is None and found.head is not None
    assert (found.head.entries, found.head.sha256) == (5, previous)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda lines: edit_line(lines, 2), "line 3 (refresh_ended of .*line 2 was changed"),
        (lambda lines: lines[:2] + lines[3:], "line 3 (rolled_back of .*taken out between"),
        (lambda lines: lines[1:], "line 1 (waiver_granted of .*what stands before it"),
        (lambda lines: [lines[0], lines[2], lines[1], *lines[3:]], "line 2 (refresh_ended"),
        (lambda lines: [*lines[:3], lines[2], *lines[3:]], "line 4 (refresh_ended"),
        (lambda lines: [*lines[:3], b"{}\n", *lines[3:]], "line 4 is no entry"),
        (lambda lines: [*lines[:3], b"\xff\n", *lines[3:]], "line 4 is no entry"),
    ],
    ids=["edited", "deleted", "beheaded", "swapped", "doubled", "inserted", "garbage"],
)
def test_the_first_broken_link_is_named_by_line_and_by_what_differs(
    settings: Settings, change: Harm, named: str
) -> None:
    import re

    harm(settings, change)
    problem = check_audit_log(settings).problem
    assert problem is not None
    assert re.search(named.replace("(", r"\("), problem), problem


@given(line=st.integers(0, 3), place=st.integers(0, 10_000), byte=st.integers(1, 255))
@hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_byte_before_the_last_line_can_be_changed_unnoticed(
    settings: Settings, line: int, place: int, byte: int
) -> None:
    path = log_file(settings, 1)
    intact = path.read_bytes()
    lines = intact.splitlines(keepends=True)
    changed = bytearray(lines[line])
    changed[place % len(changed)] ^= byte
    lines[line] = bytes(changed)
    path.write_bytes(b"".join(lines))
    assert check_audit_log(settings).problem is not None
    path.write_bytes(intact)
    assert check_audit_log(settings).problem is None


def test_an_end_that_was_cut_off_is_missed_by_the_runs_that_knew_it(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    for _ in range(2):
        with begin_run(settings, "refresh"):
            pass
    assert check_audit_log(settings).anchors == 2
    harm(settings, lambda lines: lines[:-1])
    problem = check_audit_log(settings).problem
    assert problem is not None and "ends with line 3, and run 2 knows line 4" in problem
    log_file(settings, 1).unlink()
    problem = check_audit_log(settings).problem
    assert problem is not None and "audit-0001.jsonl" in problem


def test_a_log_written_again_from_some_line_on_is_not_what_a_version_or_a_backup_knows(
    settings: Settings, tmp_path: Path
) -> None:
    head = read_head(settings)
    assert head is not None
    version = settings.published_folder / "v1.duckdb"
    version.parent.mkdir()
    version.write_bytes(b"a version")
    write_manifest(version, describe_file("v1", version, asdict(head)))
    (tmp_path / "backup").mkdir()
    note = tmp_path / "backup" / "BACKUP.json"
    note.write_text(json.dumps({"audit": asdict(head)}))
    record(settings, "exported", "ann", "v1")
    assert check_audit_log(settings).problem is None

    harm(settings, lambda lines: forge_from(lines, 2))
    problem = check_audit_log(settings).problem
    assert problem is not None and "line 5 is not the line that version v1 knows" in problem
    version.unlink()
    assert check_audit_log(settings).problem is None, "the chain itself was forged well"
    others = [read_backup_anchor(tmp_path / "backup")]
    assert "backup knows" in str(check_audit_log(settings, others).problem)
    noted = [read_head_text(f"1:5:{head.sha256}")]
    assert "the head given knows" in str(check_audit_log(settings, noted).problem)


def test_a_line_torn_by_a_crash_at_any_byte_is_named_and_kept_by_the_next_entry(
    settings: Settings,
) -> None:
    path = log_file(settings, 1)
    intact = path.read_bytes()
    begin = intact[:-1].rindex(b"\n") + 1
    for cut in range(begin + 1, len(intact)):
        path.write_bytes(intact[:cut])
        found = check_audit_log(settings)
        assert "line 5, the last one, is torn" in str(found.problem)
        record(settings, "exported", "ann", "v1")
        *_, torn, last = read_entries(settings)
        assert (torn.action, last.action, last.number) == (TORN_ACTION, "exported", 6)
        assert torn.details["text"] == intact[begin:cut].decode("utf-8", "backslashreplace")
        assert check_audit_log(settings).problem is None


def test_a_log_of_garbage_goes_on_and_stays_broken(settings: Settings) -> None:
    harm(settings, lambda lines: [*lines, b"no json\n"])
    assert record(settings, "exported", "ann", "v1").number == 7
    assert "line 6 is no entry" in str(check_audit_log(settings).problem)


def test_a_very_long_line_is_followed_like_any_other(settings: Settings) -> None:
    record(settings, "noted", "ann", "s", {"text": "x" * 200_000})
    assert record(settings, "noted", "ann", "s").number == 7
    assert check_audit_log(settings).problem is None


def _record_many(home: Path, actor: str) -> None:
    for _ in range(20):
        record(Settings(home=home), "noted", actor, "s")


def test_processes_that_write_at_the_same_time_make_one_chain(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_record_many, args=(tmp_path, str(n))) for n in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    settings = Settings(home=tmp_path)
    assert check_audit_log(settings).problem is None
    actors = [entry.actor for entry in read_entries(settings)]
    assert sorted(actors) == sorted(str(n) for n in range(4) for _ in range(20))


def test_a_closed_log_is_named_by_the_next_one_and_may_not_change_any_more(
    settings: Settings,
) -> None:
    harm(settings, lambda lines: edit_line(lines, 2))
    closed = rotate_audit_log(settings, "the disk was repaired")
    assert "line 2 was changed" in closed.details["finding"]
    record(settings, "exported", "ann", "v1")
    assert check_audit_log(settings).problem is None
    harm(settings, lambda lines: edit_line(lines, 4))
    assert "line 1 (log_closed" in str(check_audit_log(settings).problem)


def test_rotation_needs_a_reason_and_a_log(tmp_path: Path) -> None:
    with pytest.raises(BankcrmError, match="reason"):
        rotate_audit_log(Settings(home=tmp_path), " ")
    with pytest.raises(BankcrmError, match="no audit log"):
        rotate_audit_log(Settings(home=tmp_path), "tidy")


def test_the_commands_list_verify_and_rotate(settings: Settings) -> None:
    def run(*words: str, exit_code: int = 0) -> str:
        arguments = ["audit", *words, "--home", str(settings.home)]
        answer = CliRunner(env={"COLUMNS": "160"}).invoke(app, arguments)
        assert answer.exit_code == exit_code, answer.output
        return " ".join(answer.output.split())

    listed = run("list", "--action", "waiver_granted")
    assert "reason déjà 见" in listed and "exported" not in listed
    screen = run("verify")
    assert "Intact: 5 lines" in screen
    head = screen.rpartition("Head: ")[2]
    assert "Intact" in run("verify", "--head", head)
    run("verify", "--head", "nonsense", exit_code=1)
    harm(settings, lambda lines: lines[:-1])
    assert "the end was cut off" in run("verify", "--head", head, exit_code=13)
    harm(settings, lambda lines: edit_line(lines, 1))
    broken = run("verify", exit_code=13)
    assert "line 2" in broken and "line 1 was changed" in broken and "audit rotate" in broken
    assert "Closed audit-0001.jsonl" in run(
        "rotate",
        "--reason",
        "drill",
    )
    assert "Intact: 1 lines" in run("verify")
