"""The discovery document and the signing keys (JSON Web Key Set) of Vipps, checked and cached per process.

The document has `Cache-Control: max-age=3600` and is fetched again after that (Vipps Login API guide: well-known
endpoint). A response is checked before it is cached, so that one bad response cannot stop all logins until a restart;
while Vipps is down, the last good copy is used. The keys are fetched again if an ID token names an unknown key, or is
not signed by the key it names (OpenID Connect Core, section 10.1.1), within a small budget, so that invented key ids
cannot cause a flood of requests.
"""

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key

from .config import VippsConfig
from .deadline_http import Deadline
from .errors import LoginRefused
from .transport import ProviderResponse, Transport

DEFAULT_MAX_AGE = 3600
MAX_AGE_LIMIT = 24 * 3600
RETRY_AFTER = 20  # seconds until a failed refresh is tried again while an old copy serves
REFRESH_SECONDS = 1.0  # for a refresh, while an old copy could serve
KEY_REFETCHES = 5  # unplanned key fetches ...
REFETCH_WINDOW = 60.0  # ... in so many seconds


@dataclass(frozen=True)
class Provider:
    """The members of the discovery document that a login uses."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    userinfo_endpoint: str
    jwks_uri: str
    iss_in_response: bool
    backchannel_endpoint: str


@dataclass
class _Kept:
    """A checked answer, and the time until which it is fresh (monotonic seconds)."""

    value: Any
    fresh_until: float


class Discovery:
    """The provider's metadata and keys; one object per process, shared by all threads."""

    def __init__(self, config: VippsConfig, transport: Transport) -> None:
        self._config = config
        self._transport = transport
        self._lock = threading.Lock()
        self._kept: dict[str, _Kept] = {}
        self._refetched: list[float] = []

    def provider(self, deadline: Deadline) -> Provider:
        """Return the metadata, fetched when there is none or it is older than its max-age."""
        return self._latest("provider", self._fetch_provider, deadline)  # type: ignore[no-any-return]  # its type goes with the name

    def key(self, kid: str | None, deadline: Deadline, again: bool = False) -> Key | None:
        """Return the RSA signing key of a key id, or the only key if the token names none.

        `again` asks for a fresh key set first; it is honoured within the budget.
        """
        provider = self.provider(deadline)
        forced = again and self._may_refetch()
        keys = self._latest("keys", lambda limit: self._fetch_keys(provider, limit), deadline, forced)
        if kid is not None:
            return keys.get(kid)  # type: ignore[no-any-return]  # `_latest` returns what any fetch made
        return next(iter(keys.values())) if len(keys) == 1 else None

    def _latest(self, name: str, fetch: Callable[[Deadline], _Kept], deadline: Deadline, forced: bool = False) -> Any:
        """Return the cached answer with this name, after fetching it if it is due; one thread fetches for all.

        A thread with a good copy does not wait for another thread's refresh, and only briefly for its own.
        """
        kept = self._kept.get(name)
        if kept and not forced and kept.fresh_until > time.monotonic():
            return kept.value
        patient = kept is None or forced
        if not self._lock.acquire(timeout=deadline.left() if patient else 0):
            if kept:
                return kept.value
            raise LoginRefused("vipps_timeout", detail=f"waited for {name}")
        try:
            if self._kept.get(name) is kept:  # no other thread has fetched it meanwhile
                limit = deadline if patient else Deadline(min(REFRESH_SECONDS, deadline.left()))
                self._kept[name] = self._fresh(kept, fetch, limit)
            return self._kept[name].value
        finally:
            self._lock.release()

    def _fresh(self, kept: _Kept | None, fetch: Callable[[Deadline], _Kept], deadline: Deadline) -> _Kept:
        """Fetch a new copy; while that fails, serve the old one and try again a little later."""
        try:
            return fetch(deadline)
        except LoginRefused:
            if kept is None:
                raise
            return _Kept(kept.value, time.monotonic() + RETRY_AFTER)

    def _may_refetch(self) -> bool:
        now = time.monotonic()
        self._refetched = [at for at in self._refetched if now - at < REFETCH_WINDOW]
        if len(self._refetched) >= KEY_REFETCHES:
            return False
        self._refetched.append(now)
        return True

    def _fetch_provider(self, deadline: Deadline) -> _Kept:
        answer = self._get(self._config.discovery_url, deadline)
        document = _object(answer, "discovery_unusable")
        return _Kept(_checked(document, self._config), time.monotonic() + _max_age(answer))

    def _fetch_keys(self, provider: Provider, deadline: Deadline) -> _Kept:
        answer = self._get(provider.jwks_uri, deadline)
        keys = _usable_keys(_object(answer, "keys_unusable").get("keys"))
        if not keys:
            raise LoginRefused("keys_unusable", detail="no RSA signing key")
        return _Kept(keys, time.monotonic() + _max_age(answer))

    def _get(self, url: str, deadline: Deadline) -> ProviderResponse:
        answer = self._transport.call("GET", url, self._config.tracking_headers, deadline)
        raise_for_outage(answer)
        return answer


def raise_for_outage(answer: ProviderResponse) -> None:
    """Refuse the statuses that mean "not now", whichever endpoint returns them."""
    if answer.status in (429, 503):
        raise LoginRefused("vipps_overloaded", detail=f"status {answer.status}")
    if answer.status >= 500:
        raise LoginRefused("vipps_failing", detail=f"status {answer.status}")


def _object(answer: ProviderResponse, code: str) -> dict[str, Any]:
    if answer.status != 200:
        raise LoginRefused(code, detail=f"status {answer.status}")
    try:
        return answer.members()
    except ValueError as error:
        raise LoginRefused(code, detail=str(error)) from error


def _checked(document: dict[str, Any], config: VippsConfig) -> Provider:
    """Return the members that a login uses, if they can be trusted.

    The issuer must be the configured one to the character (OpenID Connect Discovery, section 4.3), and every endpoint
    must be under the provider's own base address: a document that names another host would make the shop send the code
    and the secret there (RFC 9700, section 2.6; ASVS 10.5.3).
    """
    if document.get("issuer") != config.issuer:
        raise LoginRefused("discovery_unusable", detail="another issuer")
    endpoints = {
        name: document.get(name)
        for name in ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri")
    }
    for name, url in endpoints.items():
        if not isinstance(url, str) or not url.startswith(f"{config.base_url}/"):
            raise LoginRefused("discovery_unusable", detail=f"{name} missing or on another host")
    advertised = document.get("authorization_response_iss_parameter_supported") is True
    # Only a merchant-initiated login needs it, so its absence is no fault.
    backchannel = str(document.get("backchannel_authentication_endpoint", ""))
    backchannel = backchannel if backchannel.startswith(f"{config.base_url}/") else ""
    return Provider(config.issuer, **endpoints, iss_in_response=advertised, backchannel_endpoint=backchannel)  # type: ignore[arg-type]  # `endpoints` are texts by now


def _usable_keys(keys: Any) -> dict[str, Key]:
    """Import the RSA signing keys by key id; ignore keys of other types."""
    usable: dict[str, Key] = {}
    for number, jwk in enumerate(keys if isinstance(keys, list) else []):
        if not isinstance(jwk, dict) or jwk.get("kty") != "RSA" or jwk.get("use", "sig") != "sig":
            continue
        if jwk.get("alg", "RS256") != "RS256":
            continue
        try:
            key = JWKRegistry.import_key(jwk)
            key.get_op_key("verify")
        except (JoseError, ValueError, TypeError, KeyError):
            continue
        kid = jwk.get("kid")
        usable[kid if isinstance(kid, str) else f"(unnamed {number})"] = key
    return usable


def _max_age(answer: ProviderResponse) -> float:
    """Return for how many seconds an answer is fresh (RFC 9111, section 5.2.2.1), within reason."""
    match = re.search(r"max-age=(\d{1,9})", answer.headers.get("Cache-Control", ""))
    seconds = int(match[1]) if match else DEFAULT_MAX_AGE
    return min(max(seconds, 60), MAX_AGE_LIMIT)
