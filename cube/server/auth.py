"""Who asks: JSON web tokens, signed by HS256 with the secret of the settings."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

import jwt

from cube.server.errors import Forbidden
from pipelines.errors import BankcrmError
from pipelines.settings import Settings

SecurityContext = Mapping[str, Any]
"""Claims of the token; empty on loopback without a secret."""

ALGORITHMS = ("HS256",)
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
        Forbidden: a secret is set and the token is absent, expired, not yet valid or not ours.
    """
    if settings.api_secret is None:
        return {}
    scheme, _, rest = (authorization or "").strip().partition(" ")
    token = rest.strip() if scheme.lower() == "bearer" else scheme
    if not token or (rest and scheme.lower() != "bearer"):
        raise Forbidden("Authorization header isn't set")
    try:
        claims: SecurityContext = jwt.decode(token, settings.api_secret, algorithms=[*ALGORITHMS])
    except jwt.InvalidTokenError as error:
        raise Forbidden("Invalid token") from error
    return claims
