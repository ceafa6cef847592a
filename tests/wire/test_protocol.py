"""The protocol as clients use it: logins, transactions, parameters, cursors, cancellation."""

from __future__ import annotations

import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from starlette.testclient import TestClient

from bankcrm.errors import BankcrmError
from bankcrm.settings import Settings
from cube.engine.bridge import Bridge
from cube.engine.engine import Engine
from cube.security.auth import make_token
from cube.server.app import create_app
from cube.wire.session.server import WireServer, load_tls

Connect = Callable[..., psycopg.Connection[Any]]
ENDLESS = (
    "select sum(a.i * b.i) from generate_series(1, 100000) a(i), generate_series(1, 900000) b(i)"
)


def log_in(server: WireServer, password: str, **options: Any) -> psycopg.Connection[Any]:
    return psycopg.connect(
        host="127.0.0.1",
        port=server.port,
        user="me",
        dbname="bankcrm",
        password=password,
        **options,
    )


def test_a_token_is_the_password(guarded: WireServer, settings: Settings) -> None:
    token = make_token(settings, ["admin"], timedelta(minutes=5), {"sub": "ann"})
    with log_in(guarded, token) as connection:
        assert connection.execute("select current_user").fetchone() == ("ann",)


@pytest.mark.parametrize("password", ["", "wrong", "a.b.c"])
def test_without_a_good_token_nobody_gets_in(guarded: WireServer, password: str) -> None:
    with pytest.raises(psycopg.OperationalError, match=r"token|Authorization|password"):
        log_in(guarded, password)


def test_a_session_ends_with_its_token(guarded: WireServer, settings: Settings) -> None:
    token = make_token(settings, ["admin"], timedelta(seconds=2), {"sub": "ann"})
    with log_in(guarded, token, autocommit=True) as connection:
        connection.execute("select 1")
        time.sleep(2.1)
        with pytest.raises(psycopg.errors.InvalidAuthorizationSpecification, match="token"):
            connection.execute("select 1")


def test_another_database_is_refused_by_name(connect: Connect) -> None:
    with pytest.raises(psycopg.OperationalError, match='database "other" does not exist'):
        connect(dbname="other")


def test_connections_are_bounded(engine: Engine, bridge: Bridge, settings: Settings) -> None:
    few = settings.model_copy(update={"wire_connections": 1, "api_secret": None})
    server = WireServer(engine, bridge, few)
    server.start()
    with (
        log_in(server, "x"),
        pytest.raises(psycopg.OperationalError, match="1 connections already"),
    ):
        log_in(server, "x")
    server.stop()


def test_tls_encrypts_where_there_is_a_certificate(
    engine: Engine, bridge: Bridge, settings: Settings, tmp_path: Path
) -> None:
    files = make_certificate(tmp_path)
    server = WireServer(engine, bridge, settings.model_copy(update=files))
    server.start()
    token = make_token(settings, ["admin"], timedelta(minutes=5), {})
    with log_in(server, token, sslmode="require") as connection:
        assert connection.pgconn.ssl_in_use
        assert connection.execute("select 7").fetchone() == (7,)
    server.stop()


def make_certificate(folder: Path) -> dict[str, Path]:
    names = {"tls_certificate": folder / "server.pem", "tls_key": folder / "server.key"}
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-days", "1", "-subj", "/CN=localhost"]
    command += ["-out", str(names["tls_certificate"]), "-keyout", str(names["tls_key"])]
    subprocess.run(command, check=True, capture_output=True)
    return names


def test_a_host_that_others_reach_needs_a_certificate(settings: Settings) -> None:
    with pytest.raises(BankcrmError, match="in the clear"):
        load_tls(settings.model_copy(update={"host": "0.0.0.0"}))


@pytest.mark.parametrize("binary", [False, True])
def test_values_come_in_their_types(connect: Connect, binary: bool) -> None:
    cursor = connect().cursor(binary=binary)
    row = cursor.execute(
        "select 1::int2, 2::int4, 3::int8, -12345.6700::numeric(18,4), 0.5::float8, 'čau', true, "
        "date '2024-02-29', timestamp '2024-02-29 13:14:15.000001', null, "
        "ARRAY[1, 2], 0.00::numeric"
    ).fetchone()
    assert row is not None
    assert row[:5] == (1, 2, 3, Decimal("-12345.6700"), 0.5)
    assert row[5:8] == ("čau", True, date(2024, 2, 29))
    assert row[8:11] == (datetime(2024, 2, 29, 13, 14, 15, 1), None, [1, 2])
    assert row[11] == 0


@pytest.mark.parametrize("binary", [False, True])
def test_parameters_go_and_come_back(connect: Connect, binary: bool) -> None:
    cursor = connect().cursor(binary=binary)
    mark = "%b" if binary else "%t"
    given = (7, Decimal("-0.05"), 1.25, True, date(2024, 1, 31), datetime(2024, 1, 2, 3, 4), 10**12)
    types = ("int4", "numeric(10,2)", "float8", "bool", "date", "timestamp", "int8")
    listed = ", ".join(f"{mark}::{kind}" for kind in types)
    assert cursor.execute(f"select {listed}", given).fetchone() == given
    texts = ("it's; drop table x", None, ["a", "b,c"])
    answer = cursor.execute("select %s::text, %s::text, 'b,c' = any(%s)", texts).fetchone()
    assert answer == ("it's; drop table x", None, True)


def test_prepared_statements_are_described_before_they_have_values(server: WireServer) -> None:
    statement = (
        b"select region_name, measure(deposit_end_balance) as e from balances "
        b"where month_end_date >= $1 and region_name = $2 group by 1 limit $3"
    )
    with RawClient(server.port) as client:
        client.send(b"P", b"p\0" + statement + b"\0\0\0")
        client.send(b"D", b"Sp\0")
        client.send(b"S", b"")
        messages = client.messages()
    assert "".join(kind for kind, _ in messages) == "1tTZ"
    assert struct.unpack("!H3I", messages[1][1]) == (3, 1082, 25, 20)
    assert b"\0\x02region_name\0" in messages[2][1]


def test_a_server_cursor_fetches_in_parts(connect: Connect, ask: Callable[..., Any]) -> None:
    (total,) = ask("select count(*) from balances")[0]
    connection = connect(autocommit=False)
    with connection.cursor("parts") as cursor:
        cursor.itersize = 10
        cursor.execute("select month_end_date, account_id from balances")
        rows = list(cursor)
    assert len(rows) == total > 20
    with connection.cursor("moved", binary=True) as cursor:
        cursor.execute("select i from generate_series(1, 9) t(i) where i > %s", (2,))
        assert cursor.fetchmany(2) == [(3,), (4,)]
        cursor.scroll(3)
        assert cursor.fetchall() == [(8,), (9,)]


def test_a_portal_gives_as_many_rows_as_asked_for(server: WireServer) -> None:
    with RawClient(server.port) as client:
        client.send(b"P", b"\0select i from generate_series(1, 5) t(i)\0\0\0")
        client.send(b"B", b"\0\0\0\0\0\0\0\0")
        for _ in range(3):
            client.send(b"E", b"\0" + struct.pack("!i", 2))
        client.send(b"S", b"")
        assert client.kinds() == "12" + "DDs" + "DDs" + "DC" + "Z"


def test_cancel_interrupts_what_runs(connect: Connect) -> None:
    connection = connect()
    timer = threading.Timer(0.3, connection.cancel_safe)
    timer.start()
    started = time.monotonic()
    with pytest.raises(psycopg.errors.QueryCanceled, match="user request"):
        connection.execute(ENDLESS)
    assert time.monotonic() - started < 20
    assert connection.execute("select 1").fetchone() == (1,)


def test_a_session_sets_its_own_time_limit(connect: Connect) -> None:
    connection = connect(options="-c statement_timeout=200ms")
    with pytest.raises(psycopg.errors.QueryCanceled, match=r"longer than 0\.2 seconds"):
        connection.execute(ENDLESS)


def test_an_error_tells_its_place_and_ends_the_transaction(connect: Connect) -> None:
    connection = connect(autocommit=False)
    with pytest.raises(psycopg.errors.SyntaxError) as caught:
        connection.execute("select 1 from where")
    assert caught.value.diag.statement_position == "15"
    with pytest.raises(psycopg.errors.InFailedSqlTransaction):
        connection.execute("select 1")
    connection.rollback()
    assert connection.execute("select 1").fetchone() == (1,)


def test_a_transaction_reads_one_version(tmp_path: Path, publish: Callable[..., Path]) -> None:
    own = Settings(home=tmp_path, memory_limit="1GB", wire_port=0)
    publish(own.published_folder, "v1", date(2024, 6, 28))
    app = create_app(own)
    server = WireServer(app.state.engine, app.state.bridge, own)
    server.start()
    with TestClient(app), log_in(server, "") as connection:
        before = connection.execute("select max(date) from balances where date <= current_date")
        first = before.fetchone()
        publish(own.published_folder, "v2", date(2024, 4, 15))
        again = connection.execute("select max(date) from balances where date <= current_date")
        assert again.fetchone() == first
        connection.commit()
        after = connection.execute("select max(date) from balances where date <= current_date")
        assert after.fetchone() != first
    server.stop()


@pytest.mark.parametrize(
    "sql",
    [
        "insert into balances values (1)",
        "create table t (i int)",
        "delete from marts.dim_date",
        "copy balances to stdout",
        "select * into t from balances",
        "select 1 for update",
        "with gone as (delete from marts.dim_date returning *) select * from gone",
    ],
)
def test_a_session_reads_only(refuse: Callable[..., tuple[str, str]], sql: str) -> None:
    assert refuse(sql)[0] == "25006"


def test_settings_are_kept_shown_and_reset(connect: Connect) -> None:
    connection = connect(options="-c search_path=marts", application_name="tests")
    assert connection.execute("show search_path").fetchone() == ("marts",)
    assert connection.execute("select count(*) > 0 from dim_date").fetchone() == (True,)
    assert connection.info.parameter_status("server_encoding") == "UTF8"
    connection.execute("set application_name to 'other'")
    assert connection.info.parameter_status("application_name") == "other"
    connection.execute("discard all")
    assert connection.execute("show search_path").fetchone() == ("cubes, marts",)
    with pytest.raises(psycopg.errors.UndefinedObject, match="did you mean 'search_path'"):
        connection.execute("set search_pat = x")


@pytest.mark.parametrize(
    "content",
    [
        b"\0\0\0\x04",
        b"\xff\xff\xff\xff" + b"x" * 50,
        struct.pack("!ii", 40_000, 196608) + b"user\0" * 8000,
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
def test_bytes_that_are_no_login_end_the_connection(server: WireServer, content: bytes) -> None:
    # A server that hangs up on bytes it did not read resets the connection: that is an end too.
    address = ("127.0.0.1", server.port)
    with suppress(ConnectionResetError), socket.create_connection(address, timeout=10) as sock:
        sock.sendall(content)
        sock.shutdown(socket.SHUT_WR)
        while sock.recv(1000):
            pass


def test_messages_that_are_not_well_formed_end_the_connection(server: WireServer) -> None:
    for kind, body in ((b"P", b"no end"), (b"B", b"\0\0\0\x09"), (b"D", b""), (b"?", b"")):
        with RawClient(server.port) as client:
            client.send(kind, body)
            assert client.kinds()[-1:] in ("", "E")


def test_after_an_error_messages_are_skipped_until_sync(server: WireServer) -> None:
    with RawClient(server.port) as client:
        client.send(b"P", b"\0select nothing\0\0\0")
        client.send(b"B", b"\0\0\0\0\0\0\0\0")
        client.send(b"E", b"\0\0\0\0\0")
        client.send(b"E", b"\0\0\0\0\0")
        client.send(b"S", b"")
        client.send(b"Q", b"select 1\0")
        assert client.kinds(until=2) == "12EZ" + "TDCZ"


class RawClient:
    """A client without a library: sends messages, tells the kinds of those that come back."""

    def __init__(self, port: int) -> None:
        self._sock = socket.create_connection(("127.0.0.1", port), timeout=20)
        body = struct.pack("!i", 196608) + b"user\0x\0database\0bankcrm\0\0"
        self._sock.sendall(struct.pack("!i", len(body) + 4) + body)
        assert self.kinds()[-1] == "Z"

    def __enter__(self) -> RawClient:
        return self

    def __exit__(self, *error: object) -> None:
        self._sock.close()

    def send(self, kind: bytes, body: bytes) -> None:
        self._sock.sendall(kind + struct.pack("!i", len(body) + 4) + body)

    def kinds(self, until: int = 1) -> str:
        """Letters of the messages up to the ``until``-th that says the server is ready."""
        return "".join(kind for kind, _ in self.messages(until))

    def messages(self, until: int = 1) -> list[tuple[str, bytes]]:
        """Letters and bodies of those messages."""
        found: list[tuple[str, bytes]] = []
        while sum(kind == "Z" for kind, _ in found) < until:
            head = self._read(5)
            if len(head) < 5:
                break
            found.append((chr(head[0]), self._read(struct.unpack("!i", head[1:])[0] - 4)))
        return found

    def _read(self, size: int) -> bytes:
        data = b""
        while len(data) < size and (more := self._sock.recv(size - len(data))):
            data += more
        return data


def show(connection: psycopg.Connection[Any], name: str) -> str:
    (value,) = connection.execute(f"show {name}").fetchone() or ("",)
    return str(value)


def test_settings_last_as_long_as_their_transaction(connect: Connect) -> None:
    connection = connect()
    connection.execute("set application_name = 'first'")
    for end, expected in (("commit", "second"), ("rollback", "first")):
        connection.execute("set application_name = 'first'")
        connection.execute("begin; set application_name = 'second'; set local jit = 'on'")
        connection.execute("set local search_path to marts")
        assert (show(connection, "jit"), show(connection, "search_path")) == ("on", "marts")
        connection.execute("savepoint s; set application_name = 'third'; rollback to s")
        assert show(connection, "application_name") == "second"
        connection.execute(end)
        assert show(connection, "application_name") == expected
        assert connection.info.parameter_status("application_name") == expected
        assert (show(connection, "jit"), show(connection, "search_path")) == ("off", "cubes, marts")
    connection.execute("set local application_name = 'nobody'")
    assert show(connection, "application_name") == "first"
    with pytest.raises(psycopg.errors.InvalidSavepointSpecification):
        connection.execute("begin; rollback to nowhere")


def test_parameters_stand_beside_each_other(connect: Connect) -> None:
    found = connect().pgconn.exec_params(b"select 1 where 2 in ($1,$2,$3)", [b"1", b"2", b"$1,$"])
    assert found.ntuples == 1, found.error_message
