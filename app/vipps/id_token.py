"""Check the ID token: issued by Vipps, for this client, now, for this login (OpenID Connect Core, section 3.1.3.7).

Authlib and joserfc do the cryptography and most checks. This module adds what they leave open: it pins the algorithm (a
list from discovery could say "none"), requires this client as the only audience (Authlib accepts another one if `azp`
is this client), limits the subject, and gives every failure its own name.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeGuard

from authlib.oidc.core import CodeIDToken
from joserfc import jws, jwt
from joserfc.errors import BadSignatureError, ExpiredTokenError, InvalidClaimError, JoseError, MissingClaimError
from joserfc.jwk import Key

from .errors import LoginRefused
from .sanitize import numeric_date

ALGORITHM = "RS256"  # RFC 8725, section 3.1: fixed here, whatever the header or the discovery document says
LEEWAY = 30  # seconds of clock difference; Authlib's own default is 120
MAX_TOKEN_LENGTH = 64 * 1024
MAX_SUBJECT_LENGTH = 255  # OpenID Connect Core, section 2
MAX_AGE_SECONDS = 24 * 3600  # an older token cannot belong to a login of at most 15 minutes
IN_APP = "urn:vipps:acr:app_auth"  # the person confirmed in the app, now (Vipps Login API guide: in-app confirmation)
RS256_ONLY = jws.JWSRegistry(algorithms=[ALGORITHM], strict_check_header=False)

# The refusal for each claim whose check failed.
REFUSAL_OF_CLAIM = {
    "iss": "id_token_issuer",
    "aud": "id_token_audience",
    "azp": "id_token_audience",
    "exp": "id_token_times",
    "iat": "id_token_times",
    "nbf": "id_token_times",
    "nonce": "id_token_nonce",
    "sub": "id_token_subject",
    "at_hash": "id_token_at_hash",
}

KeyFinder = Callable[[str | None, bool], Key | None]


@dataclass(frozen=True)
class IdToken:
    """The claims of a checked ID token. `issued_at` is by Vipps' clock; `acr` is empty if the token has none."""

    issuer: str
    subject: str
    issued_at: datetime
    acr: str = ""


def validate(
    raw: object,
    *,
    find_key: KeyFinder,
    issuer: str,
    client_id: str,
    nonce: str,
    access_token: str,
    auth_req_id: str = "",
) -> IdToken:
    """Check an ID token as OpenID Connect Core, section 3.1.3.7, requires, and return its claims.

    A merchant-initiated login has no nonce. Its token must not name another `auth_req_id`; Vipps documents the claim
    under two names, and only for the redirect variant (Vipps Login API guide: merchant-initiated login).

    `find_key(kid, again)` returns the provider's key, from a fresh key set if `again`. Raise `LoginRefused` with the
    name of the failed check.
    """
    if not raw:
        raise LoginRefused("id_token_missing")
    if not isinstance(raw, str) or len(raw) > MAX_TOKEN_LENGTH or raw.count(".") != 2:
        raise LoginRefused("id_token_malformed")
    token = _verified(raw, find_key)
    claims = CodeIDToken(
        token.claims,
        token.header,
        # Exact values, so that neither another issuer nor another audience passes (sections 3.1.3.7 (2) and (3)).
        options={"iss": {"essential": True, "value": issuer}, "aud": {"essential": True, "value": client_id}},
        params={"nonce": nonce, "client_id": client_id, "access_token": access_token},
    )
    _check_types(claims)
    try:
        claims.validate(leeway=LEEWAY)
    except ExpiredTokenError as error:
        raise LoginRefused("id_token_expired") from error
    except (MissingClaimError, InvalidClaimError) as error:
        raise LoginRefused(REFUSAL_OF_CLAIM.get(str(error.claim), "id_token_malformed")) from error
    except (JoseError, ValueError, TypeError) as error:
        raise LoginRefused("id_token_malformed", detail=type(error).__name__) from error
    if auth_req_id and {claims.get(each, auth_req_id) for each in ("auth_req_id", "authReqId")} != {auth_req_id}:
        raise LoginRefused("id_token_auth_req_id")
    acr, issued_at = claims.get("acr"), numeric_date(claims["iat"])
    if issued_at is None:
        raise LoginRefused("id_token_times", detail="iat")
    return IdToken(issuer, claims["sub"], issued_at, acr if isinstance(acr, str) else "")


def is_subject(value: object) -> TypeGuard[str]:
    """Tell whether a value is a valid `sub`: 1 to 255 ASCII characters (OpenID Connect Core, section 2)."""
    if not isinstance(value, str) or not value.strip() or len(value) > MAX_SUBJECT_LENGTH:
        return False
    return value.isascii() and "\x00" not in value


def _verified(raw: str, find_key: KeyFinder) -> jwt.Token:
    """Verify the signature with the key that the header names; if that fails, try once more with a fresh key set."""
    kid = _key_id(raw)
    for again in (False, True):
        key = find_key(kid, again)
        if key is None:
            continue
        try:
            return jwt.decode(raw, key, algorithms=[ALGORITHM], registry=RS256_ONLY)
        except BadSignatureError:
            continue
        except (JoseError, ValueError, TypeError, RecursionError) as error:
            raise LoginRefused("id_token_malformed", detail=type(error).__name__) from error
    raise LoginRefused("id_token_signature", detail="no published key fits")


def _key_id(raw: str) -> str | None:
    """Return the key id of the header, which is not verified yet; check its algorithm.

    A key in the header itself (`jwk`, `jku`, `x5u`) is never used or fetched (ASVS 9.1.3). joserfc refuses an unknown
    `crit` (RFC 7515, section 4.1.11).
    """
    try:
        header = jws.extract_compact(raw.encode()).headers()
    except (JoseError, ValueError, TypeError, RecursionError) as error:
        raise LoginRefused("id_token_malformed", detail=type(error).__name__) from error
    if header.get("alg") != ALGORITHM:
        raise LoginRefused("id_token_algorithm")
    kid = header.get("kid")
    return kid if isinstance(kid, str) else None


def _check_types(claims: CodeIDToken) -> None:
    """Refuse a subject or a time of the wrong type, which later code could misread."""
    if not is_subject(claims.get("sub")):
        raise LoginRefused("id_token_subject")
    for name in ("iat", "exp", "nbf"):
        value = claims.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float))):
            raise LoginRefused("id_token_times", detail=name)
    issued = claims.get("iat")
    if issued is None or issued < time.time() - MAX_AGE_SECONDS:
        raise LoginRefused("id_token_times", detail="iat")
