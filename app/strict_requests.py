"""Refuse request bodies that cannot be read, and ignore the path prefix that a client may name.

Rule: a malformed body is answered with status 400 before any form reads it. gunicorn's errors about a malformed chunk
have no common base class, so every error of `wsgi.input` counts as the sender's mistake. Sources: RFC 9112, sections
6.3 and 7.1 (bodies), RFC 7578, section 4.2 (every part of a form has a name), PEP 3333 (`SCRIPT_NAME`).
"""

from collections.abc import Iterable
from typing import IO, Any
from urllib.parse import quote

from flask import Flask, Request, request
from werkzeug.exceptions import BadRequest
from werkzeug.formparser import FormDataParser

# The characters that a request target may have beside letters, digits and "-._~" (RFC 3986, section 3.3 and 3.4).
TARGET_CHARACTERS = "%/?:@!$&'()*+,;=[]"


class NamedPartsParser(FormDataParser):
    """A parser that refuses a part without a name; Werkzeug's own parser gives such a part the key None."""

    def parse(self, *args: Any, **kwargs: Any) -> Any:
        """Parse a form; raise `BadRequest` if a part has no name."""
        stream, form, files = super().parse(*args, **kwargs)
        if None in form or None in files:
            for file in files.values():
                file.close()
            raise BadRequest("a part of the form has no name")
        return stream, form, files


class StrictRequest(Request):
    """A request whose form fields all have names."""

    form_data_parser_class = NamedPartsParser


class GuardedBody:
    """The server's stream of the body; it raises `BadRequest` for every error of the server's stream."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def read(self, *size: int) -> bytes:
        """Read from the stream."""
        try:
            return self._stream.read(*size)
        except Exception as error:
            raise BadRequest("the body cannot be read") from error

    def __getattr__(self, name: str) -> Any:
        if name == "readinto":  # Werkzeug would call it instead of `read`
            raise AttributeError(name)
        return getattr(self._stream, name)


def init_app(app: Flask) -> None:
    """Wrap the app, before `ProxyFix` or any other middleware does."""
    served = app.wsgi_app

    def strict(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        # gunicorn's default takes SCRIPT_NAME from a request header. Only a fork's own setting may add a prefix.
        environ["SCRIPT_NAME"] = app.config["APPLICATION_ROOT"].rstrip("/")
        environ["wsgi.input"] = GuardedBody(environ["wsgi.input"])
        if environ.get("CONTENT_LENGTH"):
            # Otherwise Werkzeug takes a body that ends too early for a complete one.
            environ.pop("wsgi.input_terminated", None)
        return served(environ, start_response)

    app.wsgi_app = strict  # type: ignore[method-assign]  # Flask's documented way


def request_target() -> str:
    """Return path and query as the browser sent them, still encoded, for a link that leads back here.

    Flask's path is decoded: it may contain a line break, or a "?" that would begin a query (RFC 3986, section 2.4).
    """
    sent = request.environ.get("RAW_URI", "").encode("latin-1", "replace")
    if not sent.startswith(b"/"):  # another form (RFC 9112, section 3.2), or a server that does not pass it on
        query = b"?" + request.query_string if request.query_string else b""
        sent = quote(request.path).encode() + query
    return "/" + quote(sent, safe=TARGET_CHARACTERS).lstrip("/")
