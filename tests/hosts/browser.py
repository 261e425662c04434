"""A person's browser for several hosts behind a load balancer: each request names the host that it reaches."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape
from http.client import HTTPConnection
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.hosts.processes import Host

INPUT = re.compile(r"<input [^>]*>")
ATTRIBUTE = re.compile(r'([a-z]+)="([^"]*)"')


@dataclass(frozen=True)
class Answer:
    """A response; `location` is empty unless it is a redirect."""

    status: int
    location: str
    text: str


class RefusedError(Exception):
    """The host refused to start a login."""


class Browser:
    """A browser with its own cookies and IP address, so that no rate limit stops it. Linux has all of 127.0.0.0/8."""

    def __init__(self, person: int) -> None:
        self.person = person
        self.cookies: dict[str, str] = {}
        self.sent: Callable[[Host], None] = lambda host: None  # called between a request and its answer

    def get(self, host: Host, target: str) -> Answer:
        return self._ask(host, "GET", target, None)

    def post(self, host: Host, target: str, fields: dict[str, str]) -> Answer:
        return self._ask(host, "POST", target, urlencode(fields))

    def start(self, host: Host, next_path: str = "/account") -> str:
        """Press the login button; return the callback's path with which Vipps would send this person back.

        Raise `RefusedError` if the host does not redirect to Vipps.
        """
        answer = self.get(host, f"/login/vipps?{urlencode({'next': next_path})}")
        if answer.status != 302:
            raise RefusedError(answer)
        query = {name: values[0] for name, values in parse_qs(urlsplit(answer.location).query).items()}
        back = urlencode({"code": f"{self.person}.{query['nonce']}", "state": query["state"]})
        return f"{urlsplit(query['redirect_uri']).path}?{back}"

    def is_in(self, host: Host) -> bool:
        return self.get(host, "/account").status == 200

    def hidden(self, text: str) -> dict[str, str]:
        """Return the hidden fields of a page's forms."""
        fields = [dict(ATTRIBUTE.findall(field)) for field in INPUT.findall(text)]
        return {each["name"]: unescape(each["value"]) for each in fields if each.get("type") == "hidden"}

    def _ask(self, host: Host, method: str, target: str, body: str | None) -> Answer:
        source = (f"127.1.{self.person >> 8 & 255}.{self.person & 255}", 0)
        connection = HTTPConnection("127.0.0.1", host.port, timeout=60, source_address=source)
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {"Host": "localhost:8000", "Accept-Language": "en", "Cookie": cookies, "Connection": "close"}
        if body is not None:
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": "http://localhost:8000"}
        try:
            connection.request(method, target, body, headers)
            self.sent(host)
            response = connection.getresponse()
            text = response.read().decode()
        finally:
            connection.close()
        for line in response.headers.get_all("Set-Cookie", []):
            name, _, value = line.split(";")[0].partition("=")
            self.cookies[name] = value
        return Answer(response.status, response.headers.get("Location", ""), text)
