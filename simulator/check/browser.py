"""A small browser: sends requests, keeps cookies, reads forms and follows redirects within the merchant's site.

It runs no scripts. A `Transport` sends one request, so tests can put a WSGI app in place of the network.
"""

import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Protocol
from urllib.parse import urlencode, urljoin, urlsplit

import urllib3

MAX_REDIRECTS = 10
MAX_BODY_BYTES = 2 * 1024 * 1024
TIMEOUT_SECONDS = 30
UNREACHABLE = 0
"""The status of a request that got no answer."""

Headers = Iterable[tuple[str, str]]


@dataclass(frozen=True)
class Answer:
    """An HTTP answer, and how long it took."""

    url: str
    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    seconds: float = 0

    def header(self, name: str) -> str:
        """Return the values of a header, joined."""
        return ", ".join(value for key, value in self.headers if key.lower() == name.lower())

    @property
    def location(self) -> str:
        """Where a redirect leads, or an empty text."""
        target = self.header("Location")
        return urljoin(self.url, target) if 300 <= self.status < 400 and target else ""


class Transport(Protocol):
    """Sends one request and follows no redirect."""

    def __call__(self, method: str, url: str, headers: Headers, body: bytes | None) -> Answer:
        """Return the answer; its status is `UNREACHABLE` without one."""


class Network:
    """The transport over real connections."""

    def __init__(self, address: str = "") -> None:
        """Make the connection pool; `address` is the client's own IP address, or empty to let the system choose it."""
        self._pool = urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=5, read=TIMEOUT_SECONDS),
            retries=False,
            source_address=(address, 0) if address else None,
        )

    def __call__(self, method: str, url: str, headers: Headers, body: bytes | None) -> Answer:
        """Send a request."""
        began = time.monotonic()
        sent = urllib3.HTTPHeaderDict(headers)
        try:
            got = self._pool.request(method, url, body=body, headers=sent, redirect=False, preload_content=False)
            text = got.read(MAX_BODY_BYTES, decode_content=True).decode(errors="replace")
            got.release_conn()
        except (urllib3.exceptions.HTTPError, OSError) as error:
            return Answer(url, UNREACHABLE, body=type(error).__name__, seconds=time.monotonic() - began)
        return Answer(url, got.status, tuple(got.headers.items()), text, time.monotonic() - began)


@dataclass
class Cookie:
    """A cookie with its attributes in lower case."""

    value: str
    attributes: Mapping[str, str]

    @property
    def path(self) -> str:
        """The path below which it is sent."""
        given = self.attributes.get("path", "")
        return given if given.startswith("/") else "/"

    @property
    def is_deleted(self) -> bool:
        """Tell whether the server deletes the cookie."""
        age, expires = self.attributes.get("max-age"), self.attributes.get("expires", "")
        return age in ("0", "-1") or (age is None and "1970" in expires)


@dataclass
class Form:
    """A form of a page."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    text: str = ""
    types: set[str] = field(default_factory=set)


class Page(HTMLParser):
    """The forms and links of a page."""

    def __init__(self, answer: Answer) -> None:
        """Read an answer as HTML."""
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[Form] = []
        self._url = answer.url
        self._open: list[Form] = []
        self.feed(answer.body)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Read a form, a field or a link."""
        given = {name: value or "" for name, value in attrs}
        if tag in ("form", "a"):
            target = urljoin(self._url, given.get("action" if tag == "form" else "href", ""))
            method = given.get("method", "get").upper() if tag == "form" else "GET"
            (self.forms if tag == "form" else self.links).append(Form(target, method))
            self._open.append((self.forms if tag == "form" else self.links)[-1])
        for form in [each for each in self._open if each in self.forms]:
            form.text += " " + given.get("value", "") * (given.get("type") in ("submit", "button"))
            form.types.add(given.get("type", ""))
            if given.get("name") and tag in ("input", "button") and given.get("type") not in ("checkbox", "radio"):
                form.fields[given["name"]] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        """End a form or a link."""
        if tag in ("form", "a") and self._open:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        """Collect the text of the open forms and links."""
        for each in self._open:
            each.text += data

    def find(self, pattern: str) -> Form | None:
        """Return the first form, or else the first link, whose text or address matches."""
        wanted = re.compile(pattern)
        return next((each for each in [*self.forms, *self.links] if wanted.search(each.text + " " + each.action)), None)


@dataclass(frozen=True)
class Visit:
    """The answers from an address to the page where the browser stopped."""

    answers: tuple[Answer, ...]

    @property
    def last(self) -> Answer:
        """The page where the browser stopped."""
        return self.answers[-1]

    @property
    def seconds(self) -> float:
        """How long all answers took."""
        return sum(answer.seconds for answer in self.answers)

    @property
    def crash(self) -> Answer | None:
        """The first answer with an unexpected error: no answer, or a 5xx status that is not a gateway error."""
        return next((each for each in self.answers if each.status in (UNREACHABLE, 500, 501)), None)

    @property
    def text(self) -> str:
        """All pages."""
        return "\n".join(answer.body for answer in self.answers)


class Browser:
    """One browser with its own cookies; it stays on the merchant's site."""

    def __init__(self, transport: Transport, is_inside: Callable[[str], bool]) -> None:
        """Follow redirects to addresses for which `is_inside` is true."""
        self._send = transport
        self._is_inside = is_inside
        self.cookies: dict[tuple[str, str], Cookie] = {}

    def copy(self) -> "Browser":
        """Return another browser with copies of these cookies, as an attacker who stole them has."""
        other = Browser(self._send, self._is_inside)
        other.cookies = dict(self.cookies)
        return other

    def open(self, url: str, form: Mapping[str, str] | None = None, headers: Headers = ()) -> Visit:
        """Open an address as a person does, or send a form, and follow redirects within the site."""
        answers = [self.request("GET" if form is None else "POST", url, form, headers)]
        while (target := answers[-1].location) and self._is_inside(target) and len(answers) <= MAX_REDIRECTS:
            answers.append(self.request("GET", target))
        return Visit(tuple(answers))

    def submit(self, form: Form) -> Visit:
        """Send a form or follow a link."""
        if form.method == "POST":
            origin = "{0.scheme}://{0.netloc}".format(urlsplit(form.action))
            return self.open(form.action, form.fields, [("Origin", origin), ("Referer", form.action)])
        return self.open(form.action + ("?" + urlencode(form.fields) if form.fields else ""))

    def request(self, method: str, url: str, form: Mapping[str, str] | None = None, headers: Headers = ()) -> Answer:
        """Send one request with the cookies of the address."""
        parts = urlsplit(url)
        sent = [("Accept", "text/html"), ("User-Agent", "Mozilla/5.0 (merchant check)"), *headers]
        path = parts.path or "/"
        fitting = [(name, each) for (host, name), each in self.cookies.items() if host == parts.hostname]
        fitting = [(name, each) for name, each in fitting if path.startswith(each.path)]
        if fitting:
            sent.append(("Cookie", "; ".join(f"{name}={each.value}" for name, each in fitting)))
        if form is not None:
            sent.append(("Content-Type", "application/x-www-form-urlencoded"))
        answer = self._send(method, url, sent, None if form is None else urlencode(form).encode())
        self._keep(parts.hostname or "", answer)
        return answer

    def _keep(self, host: str, answer: Answer) -> None:
        for name, value in answer.headers:
            if name.lower() != "set-cookie":
                continue
            pair, *rest = value.split(";")
            key, _, content = pair.strip().partition("=")
            attributes = {each.strip().partition("=")[0].lower(): each.strip().partition("=")[2] for each in rest}
            cookie = Cookie(content, attributes)
            self.cookies.pop((host, key), None)
            if not cookie.is_deleted:
                self.cookies[host, key] = cookie
