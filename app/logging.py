"""Logs, and the reference number that a person can read out to support.

One JSON line per event on standard error; `events` lists every event there is, and `redaction` is the last filter. A
line carries the request's id, which is the reference number. Behind a trusted proxy that sends `X-Request-Id`, that
stands beside it as `request_id`, so that the lines of both can be joined; from anybody else the header is ignored,
since whoever can choose an id can make lines look like another request's (ASVS 16.4.1).

Query strings are never logged, because a
callback's carries the authorization code (Vipps Login API guide: avoid logging the callback URI), and paths are
logged as their route, because the webhook's path carries a secret.
"""

import logging
import re
import secrets
import sys
import time
from typing import Any

import structlog
from flask import Flask, Response, current_app, g, has_request_context, request
from structlog.typing import EventDict

from app.redaction import LibraryHandler, redact, trace
from app.settings import Settings

log = structlog.get_logger()

# Without 0/O, 1/I/L and vowels: read aloud without mistakes, and never a word.
ALPHABET = "23456789BCDFGHJKMNPQRSTVWXZ"
MAX_VALUE = 500
REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")


def init_app(app: Flask, settings: Settings) -> None:
    """Configure the logs once per process and write one line per request."""
    configure(settings.log_format)
    app.extensions["request_ids"] = settings.trusted_proxies > 0
    app.before_request(_start)
    app.after_request(_finish)


def configure(log_format: str) -> None:
    """Set up structlog, and quiet the libraries that would print secrets.

    Authlib logs the PKCE verifier at DEBUG; urllib3 logs full URLs. What any library logs goes through the same filter.
    """
    if not any(isinstance(each, LibraryHandler) for each in logging.root.handlers):
        logging.root.addHandler(LibraryHandler())
    for noisy in ("authlib", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    renderer: Any = structlog.processors.JSONRenderer()
    if log_format == "text":
        renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _add_ids,
            trace,
            redact,
            _one_line,  # only cuts: what is too long is masked before a part of it could pass
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=lambda *_: structlog.WriteLogger(sys.stderr),  # one write per line
        cache_logger_on_first_use=False,
    )


def reference() -> str:
    """Return this request's reference number, such as `K7QF-2M9D`; it stands on its log lines too."""
    if "reference" not in g:
        letters = [secrets.choice(ALPHABET) for _ in range(8)]
        g.reference = "".join(letters[:4]) + "-" + "".join(letters[4:])
    return str(g.reference)


def name_failure(code: str) -> None:
    """Note what this request fails by, for whoever keeps what a reference number stands for."""
    g.failure = code


def failure() -> str:
    """Return what this request failed by, or an empty string."""
    return str(g.get("failure", ""))


def _add_ids(logger: Any, method: str, event: EventDict) -> EventDict:
    if has_request_context():
        event.setdefault("reference", reference())
        if "request_id" in g:
            event["request_id"] = g.request_id
    return event


def _one_line(logger: Any, method: str, event: EventDict) -> EventDict:
    """Cut long values and take line breaks out, so that nobody writes a log line of their own (ASVS 16.4.1)."""
    for name, value in event.items():
        if isinstance(value, str) and name != "exception":
            event[name] = " ".join(value[:MAX_VALUE].splitlines())
    return event


def _start() -> None:
    g.started = time.perf_counter()
    if current_app.extensions["request_ids"]:
        given = request.headers.get("X-Request-Id", "")
        if REQUEST_ID.fullmatch(given):
            g.request_id = given


def _finish(response: Response) -> Response:
    if request.endpoint == "static":
        return response
    started = g.get("started")
    log.info(
        "request",
        method=request.method,
        route=str(request.url_rule) if request.url_rule else "(none)",
        status=response.status_code,
        ms=round((time.perf_counter() - started) * 1000, 1) if started else None,
    )
    return response
