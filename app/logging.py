"""Write the log: one JSON line per event on standard error, with the reference number that customers give to support.

A line has only the fields that `log_events` lists for its event (ASVS 16.2.5). Behind a trusted proxy the proxy's
`X-Request-Id` stands beside the reference as `request_id`; from other clients the header is ignored, because a client
could make its lines look like another request's (ASVS 16.4.1). Query strings are never logged, because a callback's has
the authorization code (Vipps Login API guide: avoid logging the callback URI). Paths are logged as their route, because
the path of the webhook has a secret.
"""

import logging
import re
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import structlog
from flask import Flask, Response, current_app, g, has_request_context, request
from structlog.typing import EventDict

from app.log_events import COMMON_FIELDS, EVENTS
from app.settings import Settings
from app.tokens import readable_number

log = structlog.get_logger()

MAX_VALUE = 500  # characters
MAX_ITEMS = 50
MAX_FRAMES = 40
NOT_LISTED = "(not in log_events)"
REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"})


def init_app(app: Flask, settings: Settings) -> None:
    """Configure the logs once per process and write one line per request."""
    is_chosen = "log_format" in settings.model_fields_set
    is_read = app.debug and sys.stderr.isatty() and not is_chosen
    configure("text" if is_read else settings.log_format, shows_messages=app.debug)
    app.extensions["request_ids"] = settings.trusted_proxies > 0
    app.before_request(_start)
    app.after_request(_finish)


def configure(log_format: str, *, shows_messages: bool = False) -> None:
    """Set up structlog; `shows_messages`, of exceptions and of libraries with their values, is for development."""
    handler = next((each for each in logging.root.handlers if isinstance(each, LibraryHandler)), None)
    if handler is None:
        logging.root.addHandler(handler := LibraryHandler())
    handler.shows_values = shows_messages
    for noisy in ("authlib", "urllib3"):  # at DEBUG the first logs the PKCE verifier, the second full URLs
        logging.getLogger(noisy).setLevel(logging.WARNING)
    renderer: Any = structlog.processors.JSONRenderer()
    stamper = structlog.processors.TimeStamper(fmt="iso", utc=True)
    if log_format == "text":
        renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=20)
        stamper = structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            stamper,
            _add_ids,
            partial(format_exception, shows_messages=shows_messages),
            keep_listed_fields,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=lambda *_: structlog.WriteLogger(sys.stderr),  # one write per line
        cache_logger_on_first_use=False,
    )


def reference() -> str:
    """Return this request's reference number, such as `K7QF-2M9D`; its log lines have it too."""
    if "reference" not in g:
        g.reference = readable_number()
    return str(g.reference)


def set_failure(code: str) -> None:
    """Record why this request fails, for the error report that is stored under its reference number."""
    g.failure = code


def failure() -> str:
    """Return why this request failed, or an empty string."""
    return str(g.get("failure", ""))


def _add_ids(logger: Any, method: str, line: EventDict) -> EventDict:
    if has_request_context():
        line.setdefault("reference", reference())
        if "request_id" in g:
            line["request_id"] = g.request_id
    return line


def format_exception(logger: Any, method: str, line: EventDict, *, shows_messages: bool = False) -> EventDict:
    """Replace `exc_info` by the traceback, without the exceptions' messages in production; a structlog processor."""
    line.pop("exception", None)  # only this function may set it
    given = line.pop("exc_info", None)
    error = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        lines = traceback.format_exception(error) if shows_messages else traceback_lines(error)
        line["exception"] = "\n".join(each.rstrip() for each in lines)
    return line


def traceback_lines(error: BaseException) -> Iterator[str]:
    """Return the types and locations of an exception and its causes, without their messages, which quote values."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield f"{type(current).__module__}.{type(current).__qualname__}"
        for frame in traceback.extract_tb(current.__traceback__)[-MAX_FRAMES:]:
            yield f"  {frame.filename}:{frame.lineno} {frame.name}: {frame.line}"
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
        if current is not None:
            yield "caused by"


def keep_listed_fields(logger: Any, method: str, line: EventDict) -> EventDict:
    """Drop every field that `log_events` does not list for the line's event; a structlog processor."""
    name = line.pop("event", None)
    event = EVENTS.get(name) if isinstance(name, str) else None
    listed = COMMON_FIELDS | event.fields if event else COMMON_FIELDS
    kept: EventDict = {"event": name if event else NOT_LISTED}
    for field, value in line.items():
        if field in listed:
            # `format_exception` made the traceback, which has many lines; the JSON renderer escapes them.
            kept[field] = value if field == "exception" else _bounded(value)
    return kept


def _bounded(value: Any) -> Any:
    """Return a value as one short line, so that it cannot forge a log line (ASVS 16.4.1); an object as its type."""
    match value:
        case str():
            return " ".join(value[:MAX_VALUE].splitlines())
        case None | bool() | int() | float():
            return value
        case list() | tuple() | set() | frozenset():
            items = list(value)[:MAX_ITEMS]
            return [_bounded(each) if isinstance(each, str) else f"({type(each).__name__})" for each in items]
    return f"({type(value).__name__})"


class LibraryHandler(logging.Handler):
    """Write the log messages of libraries as events of the shop.

    Only the template of a message is written, since its arguments are values: an address, a row, a URL with its query.
    The text of a message without arguments may have been formatted before, so only its location is written.
    `shows_values` is for development.
    """

    shows_values = False

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record. A broken one is dropped: it is not worth a login, and `handleError` prints its values."""
        is_error, is_warning = record.levelno >= logging.ERROR, record.levelno >= logging.WARNING
        level = "error" if is_error else "warning" if is_warning else "info"
        with suppress(Exception):
            says = record.msg if record.args and isinstance(record.msg, str) else ""
            says = record.getMessage() if self.shows_values else says
            at = f"{record.pathname}:{record.lineno}"
            getattr(log, level)("library_message", library=record.name, says=says, at=at, exc_info=record.exc_info)


def _start() -> None:
    g.started = time.perf_counter()
    given = request.headers.get("X-Request-Id", "")
    if current_app.extensions["request_ids"] and REQUEST_ID.fullmatch(given):
        g.request_id = given


def _finish(response: Response) -> Response:
    if request.endpoint == "static":
        return response
    started = g.get("started")
    log.info(
        "request",
        method=request.method if request.method in METHODS else "(other)",
        route=str(request.url_rule) if request.url_rule else "(none)",
        status=response.status_code,
        ms=round((time.perf_counter() - started) * 1000, 1) if started else None,
    )
    return response
