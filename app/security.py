"""Protect every page: security headers, host check, CSRF tokens, trusted proxies, rate limits, cookies.

The Content-Security-Policy needs no nonce and no exception, because no page has an inline script or style (ASVS 3.4.3).
Its `form-action` allows this origin only. Chromium applies `form-action` to the redirects after a form post too, so a
form that starts a Vipps login leads to a page of the shop first (`app.vipps.routes.go_to_vipps`).
"""

import re
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial, wraps
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, abort, current_app, g, redirect, request
from flask.typing import ResponseReturnValue
from flask_limiter import Limiter, RouteLimit
from flask_limiter.util import get_remote_address
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from app.library_internals import PrunedMemoryStorage, add_limiter
from app.logging import log
from app.origins import normal_origin
from app.settings import LOCAL_HOSTS, Settings, settings_of_app
from app.strict_requests import request_target

csrf = CSRFProtect()

# Some proxies add the client's port; an IPv6 address is then in brackets (RFC 7239, section 6).
WITH_PORT = re.compile(r"\[([^\]]+)\](?::\d+)?|([\d.]+):\d+")
NO_ADDRESS = "no address"


def client_network() -> str:
    """Return the network of the client: an IPv4 address, or a /64 of IPv6, because one customer can use a whole /64.

    A server that listens on both sees an IPv4 address inside an IPv6 address (RFC 4291, section 2.5.5.2), where a /64
    would contain all of IPv4. A proxy may pass on a text that is not an address: such clients share one name.
    """
    return _network(64)


def client_site() -> str:
    """Return the largest network that one IPv6 customer may have, a /48 (RFC 6177), or an IPv4 address."""
    return _network(48)


def _network(prefix: int) -> str:
    address = _address(get_remote_address())
    if address is None:
        return NO_ADDRESS
    if isinstance(address, IPv4Address):
        return str(address)
    return str(address.ipv4_mapped or ip_network((address, prefix), strict=False))


def _address(given: str) -> IPv4Address | IPv6Address | None:
    found = WITH_PORT.fullmatch(given)
    try:
        return ip_address(found[1] or found[2] if found else given)
    except ValueError:
        return None


limiter = Limiter(key_func=client_network)
CLASS = "class"  # in `app.extensions`
ALONE: tuple[int, frozenset[str]] = (1, frozenset())


def size_for_a_class(app: Flask, times: int, accounts: frozenset[str]) -> None:
    """Multiply the rate limits for a class behind one IP address, and set no login limit for these demo accounts."""
    app.extensions[CLASS] = times, accounts


def is_shared_by_a_class(email: str | None) -> bool:
    """Tell whether a class shares this demo account, so that limits by account do not apply to it."""
    return email in current_app.extensions.get(CLASS, ALONE)[1]


def limit_per_client(limit: str, key_func: Callable[[], str] = client_network) -> RouteLimit:
    """Return the decorator that limits a function by network address."""
    amount, _, period = limit.partition(" ")
    return limiter.limit(
        lambda: f"{int(amount) * current_app.extensions.get(CLASS, ALONE)[0]} {period}", key_func=key_func
    )


ANY_HOST = frozenset({"health.alive", "health.ready", "metrics.show"})  # requested by IP address, not by host name
TWO_YEARS = 2 * 365 * 24 * 3600
# The origins of Vipps' button component and its font, if `VIPPS_BUTTON` chooses it (Vipps: button generator).
BUTTON_HOST = "https://cdn.vippsmobilepay.com"
BUTTON_FONTS = "https://designsystem.vippsmobilepay.com"
MAX_FORM_BYTES = 1024 * 1024
EQUAL_SECONDS = 0.3  # longer than a busy worker takes for the slowest of these pages, which hashes a password


def init_app(app: Flask, settings: Settings, shares_counts: bool = False) -> None:
    """Set up all protections; with `shares_counts` the app shares rate limit counts with the app built before it."""
    n = settings.trusted_proxies
    if n:
        behind_proxy = ProxyFix(app.wsgi_app, x_for=n, x_proto=n, x_host=0)
        behind_proxy = _behind_tunnel(behind_proxy, settings) if settings.simulated else behind_proxy
        app.wsgi_app = behind_proxy  # type: ignore[method-assign]  # Flask's documented way
    app.config.update(
        SECRET_KEY=settings.signing_key,
        SECRET_KEY_FALLBACKS=settings.older_keys,
        WTF_CSRF_SECRET_KEY=settings.signing_keys,  # Flask-WTF has no fallbacks, but passes a list on to itsdangerous
        # Flask's signed cookie has the CSRF secret and flash messages; login sessions are in the database.
        SESSION_COOKIE_NAME=settings.cookie_name("form"),
        SESSION_COOKIE_SECURE=settings.https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=MAX_FORM_BYTES,
        MAX_FORM_MEMORY_SIZE=MAX_FORM_BYTES,
        MAX_FORM_PARTS=200,
        WTF_CSRF_TIME_LIMIT=None,  # valid for the browser session: an hour is too short for a checkout
        RATELIMIT_STORAGE_URI=settings.redis_url or f"{PrunedMemoryStorage.STORAGE_SCHEME[0]}://",
        RATELIMIT_STRATEGY="moving-window",
        RATELIMIT_IN_MEMORY_FALLBACK_ENABLED=True,  # while Redis is unreachable, each worker counts alone
        RATELIMIT_HEADERS_ENABLED=True,
    )
    csrf.init_app(app)
    app.after_request(_wait_only_if_refused)  # registered before the limiter, so it runs after it
    add_limiter(app, limiter, shares_counts)
    app.before_request(_host_check(settings))
    app.after_request(partial(_write_headers, security_headers(settings)))


def _behind_tunnel(wsgi_app: Any, settings: Settings) -> Any:
    """Treat a request for localhost as one for the public host if a trusted proxy forwards the public host's name.

    A tunnel such as that of GitHub Codespaces sends `Host: localhost:8000`, and the browser's host in
    `X-Forwarded-Host`. Any other value of that header is ignored.
    """
    public_host = urlsplit(settings.public_url).netloc

    def serve(environ: dict[str, Any], start_response: Any) -> Any:
        asked = environ.get("HTTP_X_FORWARDED_HOST", "").rpartition(",")[2].strip()
        if asked == public_host and environ.get("HTTP_HOST", "").partition(":")[0] in LOCAL_HOSTS:
            environ["HTTP_HOST"] = public_host
        return wsgi_app(environ, start_response)

    return serve


def _wait_only_if_refused(response: Response) -> Response:
    """Remove the limiter's `Retry-After` from every response that is not a refusal (RFC 6585, section 4)."""
    if response.status_code not in (429, 503):
        response.headers.pop("Retry-After", None)
    return response


def _host_check(settings: Settings) -> Callable[[], ResponseReturnValue | None]:
    """Refuse an unknown Host (ASVS 4.1.3). In the demo, redirect 127.0.0.1 to localhost, where the cookies are set."""
    scheme, _, public_host = settings.public_url.partition("://")

    def check() -> ResponseReturnValue | None:
        if request.host == public_host or request.endpoint in ANY_HOST:
            return None
        try:
            asked = normal_origin(f"{scheme}://{request.host}")
        except ValueError:
            asked = ""
        if asked == settings.public_url:
            return None
        if not settings.simulated or urlsplit(asked).hostname not in LOCAL_HOSTS:
            log.warning("host_refused", host=request.host, expected=public_host)
            abort(400, "unknown host")
        if request.endpoint == "vipps_webhook.consent_revoked":  # the simulator on this machine uses no tunnel
            return None
        return redirect(settings.public_url + request_target(), 308)

    return check


def _write_headers(headers: list[tuple[str, str]], response: Response) -> Response:
    """Add the headers, and stop caches from sending one visitor's page to another (RFC 9111, section 5.2.2.7)."""
    response.headers.update(headers)
    if response.mimetype == "text/html":
        response.vary.update(("Cookie", "Accept-Language"))
    caching = response.headers.setdefault("Cache-Control", "private, no-cache")
    if caching == "private, no-cache" and response.status_code == 200 and response.mimetype == "text/html":
        # Without a customer and a form token a page often stays the same. Then the browser's copy is used (status 304).
        # The ETag costs about 10 µs and saves the transfer, not the rendering. A `no-store` page has no ETag.
        response.add_etag(weak=True)
        if "If-None-Match" in request.headers:
            response.make_conditional(request)
    return response


def security_headers(settings: Settings) -> list[tuple[str, str]]:
    """Return the headers of every response (ASVS 3.4)."""
    button = [BUTTON_HOST, BUTTON_FONTS] if settings.vipps_button == "web-component" else []
    policy = {
        "default-src": ["'none'"],
        "script-src": ["'self'", *button[:1]],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'", *button[1:]],
        "connect-src": ["'self'"],
        "manifest-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    }
    for directive, source in settings.further_sources:
        policy.setdefault(directive, []).append(source)
    headers = [
        ("Content-Security-Policy", "; ".join(f"{name} {' '.join(sources)}" for name, sources in policy.items())),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "same-origin"),  # not no-referrer: on https the CSRF check reads the Referer
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()"),
    ]
    if settings.https:
        headers.append(("Strict-Transport-Security", f"max-age={TWO_YEARS}; includeSubDomains"))
    return headers


def takes_equally_long(view: Callable[..., ResponseReturnValue]) -> Callable[..., ResponseReturnValue]:
    """Answer no sooner than `EQUAL_SECONDS` after the request came, so that the time does not reveal the work done.

    Some pages do more work if an email address has an account. They must not reveal this (ASVS 6.3.8).
    """

    @wraps(view)
    def waiting(*args: Any, **kwargs: Any) -> ResponseReturnValue:
        response = view(*args, **kwargs)
        time.sleep(max(g.started + EQUAL_SECONDS - time.perf_counter(), 0))
        return response

    return waiting


def cookie_name(name: str) -> str:
    """Return the full name of one of the shop's cookies, with its prefix."""
    return settings_of_app().cookie_name(name)


def read_cookie(name: str) -> str:
    """Return the value of one of the shop's cookies, or an empty string."""
    return request.cookies.get(cookie_name(name), "")


def set_cookie(
    response: Any, name: str, value: str, max_age: timedelta | None = None, *, samesite: str = "Lax"
) -> None:
    """Set a cookie that scripts cannot read and other sites do not send; without `max_age`, for the browser session."""
    https = settings_of_app().https
    response.set_cookie(cookie_name(name), value, max_age, secure=https, httponly=True, samesite=samesite)


def clear_cookie(response: Any, name: str, *, samesite: str = "Lax") -> None:
    """Delete a cookie that has these attributes."""
    response.delete_cookie(cookie_name(name), secure=settings_of_app().https, httponly=True, samesite=samesite)
