"""What may stand in a log line: the last filter before one is written, whoever writes it.

Nobody here logs a secret or a personal value on purpose. This is for the line that is written one day without thinking,
and for the lines of libraries (ASVS 16.2.5). Three rules, because no single one can know a family name from a word:
a value is masked by its *name* (`email=`, `code=`, as a field of the line or in the middle of a text), by its *shape*
(a token, an address, a telephone number), and the *text of an exception* is left out altogether, since it quotes what
was wrong: where it happened and of what type it was says enough.
"""

import logging
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from traceback import extract_tb
from typing import Any

import structlog
from structlog.typing import EventDict

from app.log_events import EVENTS

MASK = "(masked)"
MOST_FRAMES = 40
LONGEST = 10_000  # characters of a text that are looked at; a line has the first few hundred of them

# A key is split into its words: `access_token` and `TokenHash` are about a token.
SECRET_WORDS = frozenset({
    "assertion", "auth", "authorization", "code", "cookie", "cookies", "credential", "credentials", "csrf", "key",
    "nonce", "otp", "passphrase", "password", "passwd", "pin", "pwd", "secret", "session", "sessionid", "sid", "state",
    "token", "tokens", "verifier",
})  # fmt: skip
PERSONAL_WORDS = frozenset({
    "address", "addresses", "birth", "birthdate", "birthday", "body", "city", "claims", "email", "family", "firstname",
    "formatted", "fullname", "given", "lastname", "locality", "mail", "mobile", "msisdn", "name", "names", "nin",
    "parameters", "params", "phone", "postal", "postcode", "query", "recipient", "region", "ssn", "street", "sub",
    "subject", "surname", "telephone", "url", "user", "userid", "userinfo", "username", "zip", "zipcode",
})  # fmt: skip
MASKED_WORDS = SECRET_WORDS | PERSONAL_WORDS

# Made here or checked before they come here, so that they cannot hold anything of the kind; `cause` is always a
# refusal's, a sentence of the source, and `route` a pattern of it.
PLAIN = frozenset({"level", "timestamp", "reference", "request_id", "cause", "route"})

# Each takes a time that grows with the text, not with its square: who sends a long one must not keep a worker busy.
SHAPES = tuple(
    re.compile(shape)
    for shape in (
        r"(?<=\?)[^\s'\"<>?]*=[^\s'\"<>]*",  # the query of an address, which at the callback has the code
        r"(?i)\b(?:bearer|basic)\s+[\w.~+/=:-]+",  # what stands in an Authorization header
        r"(?<![\w-])eyJ[\w-]{5,}\.[\w-]*(?:\.[\w-]*)?",  # a JWT, whole or without its signature
        r"[\w.+%-]{1,64}@[\w-]+(?:\.[\w-]+)+",  # an e-mail address
        r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b",  # a UUID, which a `sub` is
        r"(?=[a-z_-]{0,39}[A-Z0-9])[A-Za-z0-9_-]{40,}={0,2}",  # 240 bits or more in base64url, a hash in hexadecimal
        r"(?<![\w.:-])(?:\+|00)\d(?:[ -]?\d){7,14}(?![\w-])",  # a telephone number with its country
        r"(?<![\w.:-])\d{8,15}(?![\w-])",  # and without
    )
)

# A name in the middle of a text, as in `code=…`, `"email": "…"`, `(name)=…` and `name: …`, and what may be its value:
# something in quotes, whatever is escaped in it; everything from a bracket on, since nobody here knows where it closes;
# or a word, with the capitalised ones that follow it.
NAMED = re.compile(r"(?<![\w-])([A-Za-z_][\w-]{0,60})[\\'\"\])]{0,4}\s*[=:]{1,2}>?\s*")
VALUE = re.compile(
    r"(?s)[bBfFrRuU]{0,2}(?:\"(?:[^\"\\]|\\.|\"\")*+\"?|'(?:[^'\\]|\\.|'')*+'?)"
    r"|(?!\(masked\))[\w.]{0,60}[\\({\[<].*"
    r"|[^\s'\"&,;<>]+(?: [A-ZÆØÅ][\w-]*){0,4}"
)
# How PostgreSQL quotes a row: `Key (id, name)=(3, Kari) already exists`, `Failing row contains (3, Kari)`.
ROW = re.compile(r"(?is)(\)=|\brow contains )\(.*")


def redact(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Mask what must not be written, by name and by shape; a processor of structlog."""
    for name, value in event.items():
        if name == "event":
            event[name] = value if isinstance(value, str) and value in EVENTS else _clean(value)
        elif name == "exception":
            event[name] = _without_shapes(str(value))  # `trace` made it, of the source's own lines
        elif name not in PLAIN:
            event[name] = MASK if is_masked(name) and value is not None else _clean(value)
    return event


def trace(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Replace `exc_info` by where it happened, without the exceptions' own texts; a processor of structlog."""
    event.pop("exception", None)  # it is for what is made here and nothing else
    given = event.pop("exc_info", None)
    error = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event["exception"] = "\n".join(lines_of(error))
    return event


def lines_of(error: BaseException) -> Iterator[str]:
    """Tell an exception and what led to it: files, lines, functions and types, and not one value."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield f"{type(current).__module__}.{type(current).__qualname__}"
        for frame in extract_tb(current.__traceback__)[-MOST_FRAMES:]:
            yield f"  {frame.filename}:{frame.lineno} {frame.name}: {frame.line}"
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
        if current is not None:
            yield "after"


@lru_cache(maxsize=1000)
def is_masked(name: str) -> bool:
    """Tell whether a value of this name may not be written."""
    words = re.split(r"[\W\d_]+", re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower())
    return not MASKED_WORDS.isdisjoint(words)


def cleaned(text: str) -> str:
    """Mask everything in a text that has the shape or the name of a secret or of a personal value.

    What is too long is cut before, at the end of a word, so that no part of a secret passes: who makes a library log a
    long text must not keep a worker busy.
    """
    if len(text) > LONGEST:
        text = text[:LONGEST].rpartition(" ")[0] or MASK
    return _without_named(_without_shapes(text))


def _without_shapes(text: str) -> str:
    for shape in SHAPES:
        text = shape.sub(MASK, text)
    return text


def _without_named(text: str) -> str:
    """Mask what stands behind a name that is masked, and the values of a row, whatever their names."""
    text = ROW.sub(rf"\1{MASK}", text)
    if "=" not in text and ":" not in text:
        return text
    told, at = [], 0
    for found in NAMED.finditer(text):
        value = VALUE.match(text, found.end()) if found.start() >= at and is_masked(found[1]) else None
        if value:
            told += [text[at : found.end()], MASK]
            at = value.end()
    return "".join(told) + text[at:]


def _clean(value: Any) -> Any:
    """Clean a value and everything in it; what is neither text, number nor a collection is named by its type."""
    match value:
        case str():
            return cleaned(value)
        case None | bool() | int() | float():
            return value
        case Mapping():
            fields = ((str(name)[:200], each) for name, each in value.items())
            return {cleaned(name): MASK if is_masked(name) else _clean(each) for name, each in fields}
        case list() | tuple() | set() | frozenset():
            return [_clean(each) for each in value]
    return f"({type(value).__name__})"


class LibraryHandler(logging.Handler):
    """Writes what libraries log as lines of ours.

    Of a message with arguments only the template is written, since the arguments are values (an address, a row, an
    URL with its query). One without arguments is cleaned by shape and by name.
    """

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record. A broken one is dropped: it is not worth a login, and `handleError` prints its values."""
        log = structlog.get_logger()
        write = log.error if record.levelno >= logging.ERROR else log.info
        if record.levelno == logging.WARNING:
            write = log.warning
        with suppress(Exception):
            write("library_message", library=record.name, says=str(record.msg), exc_info=record.exc_info)
