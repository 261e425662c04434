"""Write a recorded request as a curl command. The inspector never records secrets, so they are shell variables."""

import shlex
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from app.guide.inspector.masking import SECRET_NAMES
from app.settings import settings_of_app

SENT_BY_CURL = ("content-length", "content-type", "accept-encoding")


def as_curl(record: Mapping[str, Any], redirected: bool = False) -> str:
    """Return the command for a recorded request, or for the one that the browser sends after its redirect."""
    if redirected:
        return _command("GET", record["location"], record["location_query"], [], [])
    if "url" in record:
        return _command(record["method"], record["url"], record["query"], record["form"], record["headers"])
    url = settings_of_app().public_url + record["path"]
    return _command(record["method"], url, record["query"], [], record["headers"], '--cookie "$COOKIES"')


def _command(method: str, url: str, query: Any, form: Any, headers: Any, *more: str) -> str:
    chosen = [] if method == "GET" or form else [f"--request {shlex.quote(method)}"]
    data = [_data(name, value) for name, value in [*query, *form]]
    as_query = ["--get"] if query and not form else []
    return " \\\n  ".join([f"curl {shlex.quote(url)}", *chosen, *more, *_headers(headers), *as_query, *data])


def _headers(headers: Any) -> Iterator[str]:
    for name, value in headers:
        if name.lower() == "authorization":
            basic = value.startswith("Basic")
            yield '--user "$CLIENT_ID:$CLIENT_SECRET"' if basic else '--header "Authorization: Bearer $ACCESS_TOKEN"'
        elif name.lower() not in SENT_BY_CURL:
            yield f"--header {shlex.quote(f'{name}: {value}')}"


def _data(name: str, value: str) -> str:
    if name.lower() in SECRET_NAMES:
        return f'--data-urlencode "{name}=${name.upper()}"'
    if not f"{name}{value}".isprintable() or "=" in name:
        # An escape sequence inside quotes can end the terminal's paste mode: the rest would be typed as commands.
        return f"--data {shlex.quote(urlencode({name: value}))}"
    return f"--data-urlencode {shlex.quote(f'{name}={value}')}"
