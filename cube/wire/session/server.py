"""The port that tools of PostgreSQL connect to."""

from __future__ import annotations

import hmac
import logging
import socket
import ssl
import threading
from typing import Final

from bankcrm.errors import BankcrmError
from bankcrm.settings import Settings
from cube.engine.bridge import Bridge
from cube.engine.engine import Engine
from cube.security.auth import SecurityContext, check_exposure, is_loopback
from cube.security.logins import Logins
from cube.wire.catalog.store import Catalogs
from cube.wire.errors import SHUTDOWN, TOO_MANY_CONNECTIONS, WireError
from cube.wire.session.connection import Connection, Host
from cube.wire.session.session import Session
from cube.wire.session.settings import DEFAULTS

_BACKLOG: Final = 64
_JOIN_SECONDS: Final = 5.0
_SPARE: Final = 16
"""Sockets beyond the limit of connections, for logins and for requests to cancel."""

_LOG = logging.getLogger("bankcrm.cube.wire")


class WireServer:
    """Listens on ``settings.wire_port`` of ``settings.host``; port 0 takes a free one."""

    def __init__(self, engine: Engine, bridge: Bridge, settings: Settings) -> None:
        """Bind the port. Statements are answered for as long as the bridge is open.

        Raises:
            BankcrmError: the port is not free, the certificate cannot be read, or the server would
                be reachable from outside without a secret or without encryption.
        """
        check_exposure(settings)
        self._engine = engine
        self._bridge = bridge
        self._settings = settings
        self._catalogs = Catalogs(DEFAULTS)
        self._lock = threading.Lock()
        self._sessions: dict[int, tuple[bytes, Session]] = {}
        self._connections: set[Connection] = set()
        self._threads: set[threading.Thread] = set()
        self._next_id = 1
        self._stopping = False
        self._host = Host(
            settings,
            Logins(settings, "postgres"),
            load_tls(settings),
            self._open,
            self._forget,
            self._cancel,
        )
        self._listener = _listen(settings)
        self._acceptor = threading.Thread(target=self._accept, name="wire", daemon=True)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._listener.getsockname()[1])

    def start(self) -> None:
        """Accept connections, in a thread."""
        _LOG.info("PostgreSQL clients on %s:%d", self._settings.host, self.port)
        self._acceptor.start()

    def stop(self) -> None:
        """Accept no more, interrupt what runs, and close what is open."""
        self._stopping = True
        # On Linux a thread that waits in accept() is woken by shutdown, not by close.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            sessions = [session for _, session in self._sessions.values()]
            connections, threads = list(self._connections), list(self._threads)
        for session in sessions:
            session.canceller.cancel("the server is shutting down")
        for connection in connections:
            connection.shut_down()
        for thread in threads:
            thread.join(_JOIN_SECONDS)
        self._catalogs.close()

    def _accept(self) -> None:
        while not self._stopping:
            try:
                sock, address = self._listener.accept()
            except OSError:
                if not self._stopping:
                    _LOG.exception("the port of PostgreSQL clients failed")
                return
            self._serve(sock, str(address[0]))

    def _serve(self, sock: socket.socket, peer: str) -> None:
        connection = Connection(sock, peer, self._host)
        thread = threading.Thread(
            target=self._run, args=(connection,), name=f"wire {peer}", daemon=True
        )
        with self._lock:
            full = len(self._connections) >= self._settings.wire_connections + _SPARE
            if not full:
                self._connections.add(connection)
                self._threads.add(thread)
        if full:
            sock.close()
            return
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        thread.start()

    def _run(self, connection: Connection) -> None:
        try:
            connection.serve()
        finally:
            with self._lock:
                self._connections.discard(connection)
                self._threads.discard(threading.current_thread())

    def _open(self, context: SecurityContext, key: bytes) -> tuple[int, Session]:
        with self._lock:
            if self._stopping:
                raise WireError(SHUTDOWN, "the server is shutting down")
            if len(self._sessions) >= self._settings.wire_connections:
                raise WireError(
                    TOO_MANY_CONNECTIONS,
                    f"there are {self._settings.wire_connections} connections already",
                    "Close one, or set BANKCRM_WIRE_CONNECTIONS higher.",
                )
            number, self._next_id = self._next_id, self._next_id + 1
            session = Session(self._engine, self._bridge, self._catalogs, context, number)
            self._sessions[number] = (key, session)
        return number, session

    def _forget(self, number: int) -> None:
        with self._lock:
            self._sessions.pop(number, None)

    def _cancel(self, number: int, key: bytes) -> None:
        with self._lock:
            known = self._sessions.get(number)
        if known is not None and hmac.compare_digest(known[0], key):
            known[1].canceller.cancel()


def load_tls(settings: Settings) -> ssl.SSLContext | None:
    """The certificate of the server, None where none is set.

    Raises:
        BankcrmError: certificate or key are missing or not well formed, or a host that others
            reach has none: tokens would travel in the clear.
    """
    if settings.tls_certificate is None or settings.tls_key is None:
        if settings.tls_certificate or settings.tls_key:
            raise BankcrmError(
                "certificate and key of the server belong together",
                "Set BANKCRM_TLS_CERTIFICATE and BANKCRM_TLS_KEY, or neither.",
            )
        if not is_loopback(settings.host):
            raise BankcrmError(
                f"PostgreSQL clients on {settings.host} would send their tokens in the clear",
                "Set BANKCRM_TLS_CERTIFICATE and BANKCRM_TLS_KEY, or serve on 127.0.0.1.",
            )
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(settings.tls_certificate, settings.tls_key)
    except (OSError, ssl.SSLError) as error:
        raise BankcrmError(
            f"the certificate {settings.tls_certificate} cannot be read: {error}",
            "Both files are PEM; the key has no pass phrase.",
        ) from error
    return context


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host.strip("[]"), settings.wire_port or 0))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise BankcrmError(
            f"PostgreSQL clients cannot be served on {settings.host}:{settings.wire_port}: {error}",
            "Set BANKCRM_WIRE_PORT to a free port.",
        ) from error
    return listener
