"""Who may enter a room, by tokens (docs/tokens.md: JWT, RFC 7519): the keys, when tokens are asked for, and what one allows.

Only algorithms whose key was configured are taken, each with its own key: an ES256 public key can never serve as an HS256 secret
(RFC 8725 §3.1). A token governs entering; whoever is in a room stays when it expires.
"""

from __future__ import annotations

import argparse
import errno
import ipaddress
import os
import pathlib
import unicodedata
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from messages import SignalingError

policies = ("auto", "required", "off")
#: Not on the command line, where every user of the machine could read it.
_secret_variable = "SLUICE_TOKEN_SECRET"
#: RFC 7518 §3.2: at least as long as the hash.
_least_secret = 32
#: Clocks of the machine that mints and of this one may differ by that many seconds.
_clock_tolerance = 5
#: What the claims of others are for is theirs to check; those that matter here are read below.
_checks: Any = {"require": ["exp"], **{f"verify_{claim}": False for claim in ("aud", "iss", "iat", "sub", "jti")}}


@dataclass
class Grant:
    """One person's admission to one room."""

    room: str
    #: The token's `sub`: who this is, by the application's own name for the person.
    identity: str = ""
    #: Shown to others, whatever the client says. None: the client chooses.
    name: str | None = None
    may_publish: bool = True
    may_subscribe: bool = True

    def need_publish(self) -> None:
        if not self.may_publish:
            raise SignalingError("not_allowed", 'this token does not allow to publish: its claim "publish" is not true')


class Access:
    def __init__(self, required: bool, keys: dict[str, Any]) -> None:
        self.required, self._keys = required, keys

    def admit(self, room: str, token: str) -> Grant:
        """Whoever shows a token is held to it, even where none is required. Raises SignalingError."""
        if not token or not self._keys:
            if self.required:
                raise SignalingError("token_required", "this server lets nobody in without a token", "token")
            return Grant(room)
        grant = _grant_of(self._verify(token))
        if grant.room != room:
            raise SignalingError("not_allowed", f'this token is for the room "{grant.room}", not for "{room}"')
        return grant

    def _verify(self, token: str) -> dict[str, Any]:
        try:
            header = jwt.get_unverified_header(token)
            algorithm = header.get("alg")
            # RFC 7515 §4.1.11: what is critical to understand, and here is not.
            if "crit" in header:
                raise jwt.InvalidTokenError
            if algorithm not in self._keys:
                raise _bad("the token is signed by an algorithm that this server has no key for")
            claims: dict[str, Any] = jwt.decode(
                token, self._keys[algorithm], algorithms=[algorithm], leeway=_clock_tolerance, options=_checks
            )
            for claim in ("exp", "nbf"):
                if claim in claims and type(claims[claim]) not in (int, float):
                    raise _bad(f'the token\'s claim "{claim}" is not valid')
        except jwt.ExpiredSignatureError:
            raise SignalingError("token_expired", "this token has expired", "token") from None
        except jwt.ImmatureSignatureError:
            raise _bad('this token is not valid yet (claim "nbf")') from None
        except jwt.MissingRequiredClaimError as error:
            raise _bad(f'the token\'s claim "{error.claim}" is missing') from None
        except jwt.InvalidSignatureError:
            raise _bad("the token's signature does not hold") from None
        except jwt.PyJWTError:
            raise _bad("the token is not a signed JWT") from None
        return claims


def _bad(why: str) -> SignalingError:
    return SignalingError("bad_token", why, "token")


def _grant_of(claims: dict[str, Any]) -> Grant:
    def text(claim: str) -> str:
        value = claims.get(claim)
        stripped = value.strip() if isinstance(value, str) and len(value) <= 64 else ""
        if not stripped or any(unicodedata.category(c) == "Cc" for c in stripped):
            raise _bad(f'the token\'s claim "{claim}" must be a string of 1 to 64 characters')
        return stripped

    def flag(claim: str) -> bool:
        value = claims.get(claim, False)
        if type(value) is not bool:
            raise _bad(f'the token\'s claim "{claim}" must be a boolean')
        return value

    name = text("name") if "name" in claims else None
    return Grant(text("room"), text("sub"), name, flag("publish"), flag("subscribe"))


# --- Options ------------------------------------------------------------------------------------------------------------


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--tokens",
        default="auto",
        help="whether entering a room takes a token (auto, required, off); auto: unless --host is this machine only",
    )
    parser.add_argument("--token-secret-file", help="file with the secret that tokens are signed with (HS256)")
    parser.add_argument("--token-public-key", help="PEM file with the public key that tokens are checked with (ES256)")


def access_of(options: argparse.Namespace) -> Access:
    """Raises ValueError: a key that cannot be used, or none where one is needed."""
    if options.tokens not in policies:
        raise ValueError(f"--tokens must be one of {', '.join(policies)}, got '{options.tokens}'")
    if options.tokens == "off":
        return Access(False, {})
    keys = {**_shared_secret(options.token_secret_file), **_public_key(options.token_public_key)}
    required = options.tokens == "required" or not is_loopback(options.host)
    if required and not keys:
        outside = f"--host {options.host} can be reached from other machines, so entering takes a token, which"
        why = "--tokens required" if options.tokens == "required" else outside
        raise ValueError(
            f"{why} needs a key to check tokens with: --token-secret-file, {_secret_variable} or --token-public-key; "
            "or let everybody in with --tokens off"
        )
    return Access(required, keys)


def is_loopback(host: str) -> bool:
    """Only this machine can reach it."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _shared_secret(path: str | None) -> dict[str, Any]:
    source = _secret_variable
    secret = os.environ.get(_secret_variable, "").encode()
    if path is not None:
        source = f"--token-secret-file {path}"
        secret = _read(path, "--token-secret-file").rstrip()  # a newline at its end is not part of it
    elif not secret:
        return {}
    if len(secret) < _least_secret:
        raise ValueError(f"{source} has {len(secret)} bytes; HS256 needs at least {_least_secret} (try: openssl rand -base64 48)")
    return {"HS256": secret}


def _public_key(path: str | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        key = load_pem_public_key(_read(path, "--token-public-key"))
    except (ValueError, TypeError):
        raise ValueError(f"--token-public-key {path} is not a public key in PEM") from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        kind = (
            key.curve.name
            if isinstance(key, ec.EllipticCurvePublicKey)
            else type(key).__name__.strip("_").removesuffix("PublicKey").lower()
        )
        make = "openssl ecparam -name prime256v1 -genkey -noout"
        raise ValueError(f"--token-public-key {path} is a key of the kind {kind}; ES256 needs the curve P-256 ({make})")
    return {"ES256": key}


def _read(path: str, source: str) -> bytes:
    try:
        return pathlib.Path(path).read_bytes()
    except OSError as error:
        raise ValueError(f"{source}: cannot read {path}: {errno.errorcode.get(error.errno or 0, error)}") from None
