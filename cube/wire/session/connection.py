"""One client's connection: bytes in, bytes out, in a thread of its own.

The codec and the state machine of the protocol are those of pygwire. A thread per connection is
enough: connections are few, and their statements run in DuckDB, which has threads of its own.
"""

from __future__ import annotations

import logging
import secrets
import socket
import ssl
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Final

from pygwire import BackendConnection, ConnectionPhase, PygwireError
from pygwire.constants import TransactionStatus
from pygwire.messages import (
    AuthenticationCleartextPassword,
    AuthenticationOk,
    BackendKeyData,
    BackendMessage,
    Bind,
    CancelRequest,
    Close,
    Describe,
    ErrorResponse,
    Execute,
    Flush,
    GSSEncRequest,
    GSSResponse,
    Parse,
    PasswordMessage,
    PGMessage,
    Query,
    ReadyForQuery,
    SSLRequest,
    SSLResponse,
    StartupMessage,
    Sync,
    Terminate,
)

from bankcrm.settings import Settings
from cube.engine.dispatch import STREAM_SECONDS
from cube.security.auth import SecurityContext, authenticate, is_loopback
from cube.security.logins import Logins
from cube.wire.errors import (
    CONNECTION_FAILURE,
    DONE,
    IDLE_IN_TRANSACTION,
    INTERNAL,
    INVALID_AUTHORIZATION,
    NOT_SUPPORTED,
    PROTOCOL,
    UNDEFINED_DATABASE,
    WireError,
    to_wire_error,
)
from cube.wire.session.runner import Runner
from cube.wire.session.session import Session
from cube.wire.session.settings import DEFAULTS
from cube.wire.session.statement_log import log_statement
from cube.wire.session.utilities import Messages, Output
from cube.wire.translate.statement_compiler import DATABASE

LOGIN_SECONDS: Final = 30.0
IDLE_IN_TRANSACTION_SECONDS: Final = 600.0
"""An idle transaction keeps a version from being removed, so it does not last for ever."""

MOST_LOGIN_BYTES: Final = 20_000
MOST_BYTES: Final = 4_000_000
"""Largest message that is read."""

_CHUNK = 65_536
_FLUSH_BYTES = 262_144
_LOG = logging.getLogger("bankcrm.cube.wire")
_MALFORMED = (PygwireError, struct.error, IndexError, UnicodeDecodeError, ValueError, OverflowError)


@dataclass(frozen=True)
class Host:
    """What a connection needs of the server.

    Args:
        settings: secret and audience of the tokens.
        logins: enters logins in the audit log.
        tls: the server's certificate, None where there is none.
        open_session: makes a session and registers it, or raises if there are too many.
        close_session: forgets it.
        cancel: interrupts the session of a process id and secret key.
    """

    settings: Settings
    logins: Logins
    tls: ssl.SSLContext | None
    open_session: Callable[[SecurityContext, bytes], tuple[int, Session]]
    close_session: Callable[[int], None]
    cancel: Callable[[int, bytes], None]


class _Backend(BackendConnection):
    """The protocol, with a limit to what is kept of a message that is not whole yet."""

    def receive_limited(self, data: bytes) -> Iterator[PGMessage]:
        yield from self.receive(data)
        in_login = self.phase in (ConnectionPhase.STARTUP, ConnectionPhase.AUTHENTICATING)
        limit = MOST_LOGIN_BYTES if in_login else MOST_BYTES
        if self._decoder.buffered > limit:
            raise WireError(PROTOCOL, f"a message is larger than {limit} bytes")

    @property
    def buffered(self) -> int:
        """Bytes that are received and not read."""
        return self._decoder.buffered


class _Ended(Exception):
    """The connection is over: the client left, or was sent the reason."""


class Connection:
    """Serves one socket until the client leaves or its connection is closed."""

    def __init__(self, sock: socket.socket, peer: str, host: Host) -> None:
        self._sock = sock
        self._peer = peer
        self._host = host
        self._wire = _Backend()
        self._out = bytearray()
        self._startup: StartupMessage | None = None
        self._session: Session | None = None
        self._process_id = 0
        self._skipping = False
        self._seconds = 0.0
        self._context: SecurityContext = {"groups": []}

    def serve(self) -> None:
        """Answer until the end. Nothing is raised: faults are logged."""
        try:
            self._sock.settimeout(LOGIN_SECONDS)
            self._serve()
        except _Ended:
            pass
        except TimeoutError:
            self._send_fatal(WireError(IDLE_IN_TRANSACTION, "the connection waited too long"))
        except WireError as error:
            self._send_fatal(error)
        except _MALFORMED as error:
            self._send_fatal(WireError(PROTOCOL, f"the message is not well formed: {error}"))
        except OSError as error:
            _LOG.info("%s closed the connection: %s", self._peer, error)
        except Exception:
            _LOG.exception("the connection of %s failed", self._peer)
        finally:
            self._close()

    def shut_down(self) -> None:
        """Wake the thread that serves, from another one; it may have closed the socket already."""
        with suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)

    def _serve(self) -> None:
        while data := self._sock.recv(_CHUNK):
            for message in self._wire.receive_limited(data):
                self._handle(message)
            self._flush()
            self._set_idle_timeout()

    def _set_idle_timeout(self) -> None:
        """How long the client may be idle: without limit after the login, but in a transaction."""
        if self._session is not None:
            idle = self._session.status is TransactionStatus.IDLE
            self._sock.settimeout(None if idle else IDLE_IN_TRANSACTION_SECONDS)

    def _handle(self, message: PGMessage) -> None:
        if self._session is None:
            self._handle_login(message)
        elif isinstance(message, Terminate):
            raise _Ended
        elif isinstance(message, Query):
            self._answer(self._session.run(message.query_string), ends=True)
            self._get_ready()
        elif isinstance(message, Sync):
            self._skipping = False
            self._get_ready()
        elif isinstance(message, Flush):
            self._flush()
        elif not self._skipping:
            ends = isinstance(message, Execute)
            self._skipping = not self._answer(self._route(self._session, message), ends=ends)

    def _route(self, session: Session, message: PGMessage) -> Messages:
        match message:
            case Parse():
                return session.parse(message)
            case Bind():
                return session.bind(message)
            case Describe():
                return session.describe(message)
            case Execute():
                return session.execute(message)
            case Close():
                return session.close_named(message)
        raise WireError(NOT_SUPPORTED, f"{type(message).__name__} is not supported")

    def _get_ready(self) -> None:
        assert self._session is not None
        self._session.finish()
        self._send(ReadyForQuery(status=self._session.status))

    def _answer(self, outputs: Messages, *, ends: bool) -> bool:
        """Send what a message is answered with; whether it came to its end without error.

        A statement is logged when it ``ends``, or fails: before that it may have been described,
        which computes it.
        """
        assert self._session is not None
        started = time.monotonic()
        status: str | None = None
        self._sock.settimeout(STREAM_SECONDS)
        try:
            with closing(outputs):
                for output in outputs:
                    self._send(output)
        except OSError:
            status = CONNECTION_FAILURE
            raise
        except Exception as error:
            self._session.fail()
            status = self._send_error(error)
        finally:
            self._seconds += time.monotonic() - started
            if ends or status:
                self._log_statement(self._session.runner, status)
        return status is None

    def _log_statement(self, runner: Runner, status: str | None) -> None:
        """Log a statement that read something or failed."""
        if runner.log or status:
            log_statement(self._context, status or DONE, self._seconds, runner.log)
        runner.log, self._seconds = {}, 0.0

    def _send_error(self, error: Exception) -> str:
        """Send the client what is wrong; its SQLSTATE. Faults of the server go to the log."""
        known = to_wire_error(error)
        if known is None:
            number = secrets.token_hex(8)
            _LOG.error("statement %s failed", number, exc_info=error)
            known = WireError(INTERNAL, f"Internal error; the server's log has it as {number}")
        self._send(_to_message(known, "ERROR"))
        return known.sqlstate

    # Login

    def _handle_login(self, message: PGMessage) -> None:
        match message:
            case SSLRequest():
                self._start_tls()
            case GSSEncRequest():
                self._send(GSSResponse(accepted=False))
                self._flush()
            case CancelRequest():
                self._host.cancel(message.process_id, message.secret_key)
                raise _Ended
            case StartupMessage():
                self._start(message)
            case PasswordMessage():
                self._log_in(str(message.password))
            case _:
                raise _Ended

    def _start_tls(self) -> None:
        """Encrypt, where there is a certificate. What came before it is not to be trusted."""
        tls = self._host.tls
        self._send(SSLResponse(accepted=tls is not None))
        self._flush()
        if tls is None:
            return
        if self._wire.buffered:
            raise WireError(PROTOCOL, "received unencrypted data after SSL request")
        self._sock = tls.wrap_socket(self._sock, server_side=True)

    def _start(self, message: StartupMessage) -> None:
        self._startup = message
        name = message.params.get("database") or message.params.get("user", "")
        if self._host.settings.api_secret is None:
            self._log_in("")
            return
        if not (isinstance(self._sock, ssl.SSLSocket) or is_loopback(self._peer)):
            raise WireError(
                INVALID_AUTHORIZATION,
                f"the token for {name} would travel in the clear",
                "Connect with sslmode=require; the server needs a certificate for it.",
            )
        self._send(AuthenticationCleartextPassword())
        self._flush()

    def _log_in(self, password: str) -> None:
        """Open a session for a valid token, with the settings that the client asks for."""
        assert self._startup is not None
        token = f"Bearer {password.removeprefix('Bearer ').strip()}"
        try:
            context = authenticate(token, self._host.settings)
            secret = self._host.settings.api_secret
            self._host.logins.note(context, None if secret is None else token)
        except Exception as error:
            raise to_wire_error(error) or error from error
        parameters = self._startup.params
        database = parameters.get("database") or parameters.get("user", "")
        if database != DATABASE:
            raise WireError(
                UNDEFINED_DATABASE,
                f'database "{database}" does not exist',
                f'The database is called "{DATABASE}".',
            )
        key = secrets.token_bytes(4)
        self._process_id, self._session = self._host.open_session(context, key)
        self._context = context
        _set_at_start(self._session, parameters)
        self._send(AuthenticationOk())
        for status in self._session.report_settings():
            self._send(status)
        self._send(BackendKeyData(process_id=self._process_id, secret_key=key))
        self._send(ReadyForQuery(status=self._session.status))
        _LOG.info("%s connected from %s", context.get("sub"), self._peer)

    # Bytes

    def _send(self, output: Output) -> None:
        self._out += output if isinstance(output, bytes) else self._wire.send(output)
        if len(self._out) > _FLUSH_BYTES:
            self._flush()

    def _flush(self) -> None:
        if self._out:
            self._sock.sendall(self._out)
            self._out = bytearray()

    def _send_fatal(self, error: WireError) -> None:
        try:
            self._out += _to_message(error, "FATAL").to_wire()
            self._flush()
        except OSError as problem:
            _LOG.info("%s closed the connection: %s", self._peer, problem)

    def _close(self) -> None:
        if self._session is not None:
            self._host.close_session(self._process_id)
            self._session.close()
        self._sock.close()


def _set_at_start(session: Session, parameters: dict[str, str]) -> None:
    """Settings that a client names when it connects, also in ``options`` as ``-c name=value``."""
    for name, value in parameters.items():
        if name.lower() in DEFAULTS:
            # asyncpg sends its encoding in quotes.
            bare = value.replace("'", "")
            session.settings.set(name, f"'{bare}'")
    words = parameters.get("options", "").replace("-c ", "-c").replace("--", "-c").split()
    for word in words:
        name, _, value = word.removeprefix("-c").partition("=")
        session.settings.set(name, value.replace("\\ ", " "))


def _to_message(error: WireError, severity: str) -> BackendMessage:
    fields = {"S": severity, "V": severity, "C": error.sqlstate, "M": error.problem}
    if error.remedy:
        fields["H"] = error.remedy
    if error.position is not None:
        fields["P"] = str(error.position)
    return ErrorResponse(fields=fields)
