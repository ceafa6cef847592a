"""Threads that use the dispatcher of an event loop: its slots, before it runs and after its end."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal

from bankcrm.settings import Settings
from cube.engine import bridge as module
from cube.engine.bridge import Bridge
from cube.engine.dispatch import Dispatcher
from cube.engine.warehouse import Warehouse
from cube.errors import Overloaded, Stopping

SECONDS = 10.0


@pytest.fixture
def bridge(tmp_path: Path) -> Bridge:
    """One stream at a time, one that waits."""
    settings = Settings(home=tmp_path, cube_queries=1, cube_queue=1)
    return Bridge(Dispatcher(Warehouse(settings), settings))


@contextmanager
def run(bridge: Bridge) -> Iterator[None]:
    """Serve the bridge on an event loop of its own."""
    with start_blocking_portal() as loop, loop.wrap_async_context_manager(bridge.open()):
        yield


def test_a_slot_is_held_until_it_is_given_back(bridge: Bridge) -> None:
    with run(bridge):
        first, held = bridge.take_stream()
        assert first.result(SECONDS).waited < SECONDS
        second, waiting = bridge.take_stream()
        third, _ = bridge.take_stream()
        with pytest.raises(Overloaded):
            third.result(SECONDS)
        assert not second.done()
        held.cancel()
        assert second.result(SECONDS).waited < SECONDS
        waiting.cancel()
        fourth, _ = bridge.take_stream()
        fourth.result(SECONDS)


def test_a_caller_that_stops_waiting_leaves_no_slot_taken(bridge: Bridge) -> None:
    with run(bridge):
        first, held = bridge.take_stream()
        first.result(SECONDS)
        second, waiting = bridge.take_stream()
        waiting.cancel()
        with pytest.raises(CancelledError):
            second.result(SECONDS)
        held.cancel()
        third, _ = bridge.take_stream()
        third.result(SECONDS)


def test_the_end_of_the_event_loop_ends_what_waits_and_refuses_what_comes(bridge: Bridge) -> None:
    with run(bridge):
        bridge.take_stream()[0].result(SECONDS)
        waiting, _ = bridge.take_stream()
    with pytest.raises(CancelledError):
        waiting.result(SECONDS)
    with pytest.raises(Stopping):
        bridge.take_stream()


def test_a_thread_waits_for_the_event_loop_for_a_limited_time(
    bridge: Bridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "START_SECONDS", 0.01)
    with pytest.raises(Stopping):
        bridge.take_stream()
