"""Who calls: bearer tokens, either JWTs of one issuer or one fixed token for development."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Any, Protocol

import jwt

from backend.errors import UnauthorizedError
from backend.settings import Settings

OPERATOR_ROLE = "media-operator"
"""Entry of the `roles` claim that may see and repair every listing."""

_ALGORITHMS = ["RS256", "RS384", "RS512", "ES256", "ES384", "PS256", "EdDSA"]
_LEEWAY_SECONDS = 30


@dataclass(frozen=True, kw_only=True)
class Principal:
    """An authenticated caller."""

    subject: str
    operator: bool = False


class Authenticator(Protocol):
    """Turns a bearer token into a caller."""

    def authenticate(self, token: str) -> Principal:
        """The caller.

        Raises:
            UnauthorizedError: the token is not valid.
        """


class KeySource(Protocol):
    """Finds the key that a token says it is signed with."""

    def get_signing_key_from_jwt(self, token: str) -> jwt.PyJWK:
        """The key."""


@dataclass(frozen=True)
class DevToken:
    """One fixed token; its bearer is the subject of the settings, and an operator."""

    token: str
    subject: str

    def authenticate(self, token: str) -> Principal:
        """Compare in constant time."""
        if not hmac.compare_digest(token.encode(), self.token.encode()):
            raise UnauthorizedError("INVALID_TOKEN", "the bearer token is not valid")
        return Principal(subject=self.subject, operator=True)


@dataclass(frozen=True)
class JwtIssuer:
    """JWTs of one issuer for one audience, signed with a key of its key set."""

    issuer: str
    audience: str
    keys: KeySource

    def authenticate(self, token: str) -> Principal:
        """Check signature, issuer, audience and times."""
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self.keys.get_signing_key_from_jwt(token),
                algorithms=_ALGORITHMS,
                issuer=self.issuer,
                audience=self.audience,
                leeway=_LEEWAY_SECONDS,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except jwt.PyJWTError as error:
            message = f"the bearer token is not valid: {error}"
            raise UnauthorizedError("INVALID_TOKEN", message) from error
        roles = claims.get("roles")
        return Principal(
            subject=str(claims["sub"]),
            operator=isinstance(roles, list) and OPERATOR_ROLE in roles,
        )


def authenticator_of(settings: Settings) -> Authenticator:
    """The way of authentication that the settings ask for."""
    if settings.dev_token is not None:
        return DevToken(settings.dev_token.get_secret_value(), settings.dev_subject)
    keys = jwt.PyJWKClient(settings.jwt_jwks_url, cache_keys=True, timeout=5)
    return JwtIssuer(settings.jwt_issuer, settings.jwt_audience, keys)
