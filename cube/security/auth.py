"""Authentication: JSON web tokens, signed by HS256 with the secret of the settings.

A token states when it expires (``exp``), the groups of its user (``groups``), and the claims that
the row rules of those groups need (``branch_id``, ``manager_id``).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import jwt

from bankcrm.errors import BankcrmError
from bankcrm.settings import Settings
from cube.errors import Forbidden

SecurityContext = Mapping[str, Any]
"""Claims of the token."""

DEVELOPER: Final[SecurityContext] = {"groups": ["admin"]}
"""The user on loopback without a secret: an administrator. It never leaves this machine."""

ALGORITHMS = ("HS256",)
REQUIRED_CLAIMS = ("exp", "groups")
MINIMUM_SECRET_BYTES = 32


def check_exposure(settings: Settings) -> None:
    """Refuse to serve without a good secret, except to this machine.

    Raises:
        BankcrmError: no secret on a host other than loopback, or a secret too short for HS256.
    """
    if settings.api_secret is None:
        if not is_loopback(settings.host):
            raise BankcrmError(
                f"the cube API has no secret, so it cannot be served on {settings.host}",
                "Set BANKCRM_API_SECRET, or serve on 127.0.0.1.",
            )
    elif len(settings.api_secret.encode()) < MINIMUM_SECRET_BYTES:
        raise BankcrmError(
            f"the secret of the cube API is shorter than {MINIMUM_SECRET_BYTES} bytes",
            "Set BANKCRM_API_SECRET to a long random value.",
        )


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine only."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def authenticate(authorization: str | None, settings: Settings) -> SecurityContext:
    """Claims of the token in an ``Authorization`` header, bare or as ``Bearer <token>``.

    Raises:
        Forbidden: a secret is set and the token is absent, expired, not yet valid, meant for
            another audience, not ours, or without expiry or groups.
    """
    if settings.api_secret is None:
        return DEVELOPER
    scheme, _, rest = (authorization or "").strip().partition(" ")
    token = rest.strip() if scheme.lower() == "bearer" else scheme
    if not token or (rest and scheme.lower() != "bearer"):
        raise Forbidden("Authorization header isn't set")
    try:
        claims: SecurityContext = jwt.decode(
            token,
            settings.api_secret,
            algorithms=[*ALGORITHMS],
            audience=settings.api_audience,
            options={"require": [*REQUIRED_CLAIMS]},
        )
    except (jwt.InvalidTokenError, ValueError, OverflowError, RecursionError) as error:
        raise Forbidden("Invalid token") from error
    expires = claims["exp"]
    if isinstance(expires, bool) or not isinstance(expires, int | float):
        # PyJWT takes text, which would never end a session that it began.
        raise Forbidden("Invalid token")
    groups = claims["groups"]
    if not isinstance(groups, list) or not all(isinstance(group, str) for group in groups):
        raise Forbidden("Invalid token")
    return claims


def make_token(
    settings: Settings, groups: list[str], lifetime: timedelta, claims: Mapping[str, str]
) -> str:
    """A token for development; a bank's own identity provider makes those of its users.

    Raises:
        BankcrmError: no secret is set, or too short a one, or the lifetime is not positive.
    """
    if settings.api_secret is None:
        raise BankcrmError(
            "there is no secret to sign a token with",
            "Set BANKCRM_API_SECRET; without it the cube API serves this machine only and asks for "
            "no token.",
        )
    check_exposure(settings)
    if lifetime <= timedelta(0):
        raise BankcrmError("a token must last longer than no time", "Give --hours above 0.")
    now = datetime.now(tz=UTC)
    audience = {} if settings.api_audience is None else {"aud": settings.api_audience}
    content = {**claims, **audience, "groups": groups, "iat": now, "exp": now + lifetime}
    return jwt.encode(content, settings.api_secret, algorithm=ALGORITHMS[0])
