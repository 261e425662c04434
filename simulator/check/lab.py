"""Drives the merchant and the simulator together: persons, logins, and whether a browser is logged in."""

import random
import re
import secrets
import string
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from .browser import Browser, Headers, Page, Transport, Visit
from .merchant import Merchant, origin
from .provider import Provider

PERSONS = {"customer": "kari", "other": "torbjorn"}
"""The test persons that the checker changes. It gives them back their data at the end."""
MAX_PRESSES = 2
PATIENCE_SECONDS = (0, 1, 4, 10, 20, 30)
"""The waits between the tries of a good login after trouble: a right merchant may pause its calls for a while."""
LIMIT_SECONDS = 10
"""The time in which a right merchant answers, also if the provider does not."""


_KEPT = (
    "accepted",
    "checked",
    "required",
    "email_verified",
    "real",
    "cut",
    "drop",
)  # members for which false means false


class UnclearError(Exception):
    """The case cannot be judged; the message says why."""


@dataclass(frozen=True)
class Person:
    """A fresh person at the simulator."""

    key: str
    sub: str
    email: str
    phone: str


@dataclass
class Started:
    """A login that the merchant started."""

    browser: Browser
    url: str
    visit: Visit
    callback: str = ""

    @property
    def query(self) -> dict[str, list[str]]:
        """The parameters of the authorization request."""
        return parse_qs(urlsplit(self.url).query, keep_blank_values=True)

    def get(self, name: str) -> str:
        """Return a parameter, or an empty text."""
        return self.query.get(name, [""])[0]


@dataclass
class Lab:
    """The merchant, the provider, and values from a seed."""

    merchant: Merchant
    provider: Provider
    transport: Transport
    seed: int
    browsers: Sequence[Transport] = ()
    """The transports of the browsers, each of another network address, so that no rate limit stops the check."""
    remembered: dict[str, str] = field(default_factory=dict)

    sleep: Callable[[float], None] = time.sleep

    def __post_init__(self) -> None:
        """Start the values of the seed."""
        self._random = random.Random(self.seed)  # noqa: S311 (test data)
        self._originals: dict[str, dict[str, Any]] = {}
        self._opened = 0
        self._ignores_id_token: bool | None = None
        self.is_well = True  # false once the merchant has not recovered from a case

    @staticmethod
    def now() -> float:
        """Return the time in seconds since 1970."""
        return time.time()

    def browser(self) -> Browser:
        """Return a new browser."""
        self._opened += 1
        transport = self.browsers[self._opened % len(self.browsers)] if self.browsers else self.transport
        return Browser(transport, lambda url: origin(url) in self.merchant.origins)

    def word(self, length: int = 12) -> str:
        """Return a random word."""
        return "".join(self._random.choices(string.ascii_lowercase, k=length))

    def fresh(self, role: str = "customer", changes: Mapping[str, Any] | None = None) -> Person:
        """Return a person that the merchant does not know."""
        key, generation = PERSONS[role], 1
        if key not in self._originals:
            self._originals[key] = self.provider.person(key)
            generation = secrets.randbelow(10**8) + 1
        # The merchant may know the persons of an earlier run with the same seed, so identities are not from the seed.
        email, phone = f"{self.word()}-{secrets.token_hex(4)}@example.com", f"479{secrets.randbelow(9 * 10**6) + 10**6}"
        profile = {"email": email, "email_state": "confirmed", "phone_numbers": [phone]}
        named = {"given_name": self.word(6).title(), "family_name": self.word(8).title()}
        sub = self.provider.change_person(key, {"new_profile": generation, **profile, **named, **(changes or {})})
        return Person(key, sub, email, phone)

    def give_back(self) -> None:
        """Restore the test persons' original data."""
        names = ("given_name", "family_name", "email", "email_state", "phone_numbers")
        for key, original in self._originals.items():
            self.provider.change_person(key, {name: original[name] for name in names})

    def start(self, browser: Browser, to: str = "", headers: Headers = ()) -> Started:
        """Press the merchant's login button; raise `UnclearError` if that does not lead to the provider."""
        query = f"{'&' if '?' in self.merchant.start else '?'}{urlencode({self.merchant.next: to})}" if to else ""
        visit = browser.open(self.merchant.start + query, headers=headers)
        answers = list(visit.answers)
        for _ in range(MAX_PRESSES):
            if "client_id=" in visit.last.location or visit.last.location:
                break
            form = Page(visit.last).find(self.merchant.start_button)
            if form is None:
                break
            visit = browser.submit(form)
            answers += visit.answers
        if not visit.last.location:
            self.refuse_limits(visit)
            raise UnclearError(f"Your shop did not start a login: {visit.last.url} answered {visit.last.status}.")
        return Started(browser, visit.last.location, Visit(tuple(answers)))

    def answer(self, started: Started, person: Person, fault: Mapping[str, Any], error: str = "", **names: Any) -> str:
        """Let the provider answer a login; return where the browser is sent."""
        known = {
            **self.remembered,
            **{name: started.get(name) for name in ("client_id", "state", "nonce", "code_challenge")},
            "issuer": f"{self.provider.client.url}/access-management-1.0/access/",
            "provider": self.provider.client.url,
            "client_id_part": started.get("client_id")[:-2],
            "sub": person.sub,
            "sub_upper": person.sub.upper(),
            "email": person.email,
            "phone": person.phone,
            "now": int(self.now()),
            **names,
        }
        members = {"action": "error", "error": error} if error else {}
        started.callback = self.provider.authorize(started.url, person.key, faults=fill(fault, known), **members)
        self.remembered["old_nonce"] = started.get("nonce")
        return started.callback

    def login(
        self, browser: Browser, person: Person, fault: Mapping[str, Any] | None = None, error: str = "", **names: Any
    ) -> Visit:
        """Log a person in, with faults."""
        return browser.open(self.answer(self.start(browser), person, fault or {}, error, **names))

    def good_login(self, browser: Browser | None = None, person: Person | None = None) -> Browser:
        """Log a person in without a fault; raise `UnclearError` if that does not work."""
        used = browser or self.browser()
        mark = self.provider.last_call()
        visit = self.login(used, person or self.fresh())
        self.refuse_limits(visit)
        if not self.is_in(used):
            where = visit.last.url.partition("?")[0]
            raise UnclearError(
                f"A good login did not work: {where} answered {visit.last.status}. {self._how_far(mark)}"
            )
        return used

    def _how_far(self, mark: int) -> str:
        """Say how far a login came that did not work, from what the merchant asked the provider for."""
        calls = {each["endpoint"]: each for each in reversed(self.provider.calls(mark))}  # the newest of each
        if "token" not in calls:
            return "Your shop sent no code to the token endpoint."
        for name, title in (("token", "The token endpoint"), ("userinfo", "The userinfo endpoint")):
            if name in calls and calls[name]["status"] != 200:
                return f"{title} answered {calls[name]['status']} ({calls[name]['error'] or 'no reason'}) to your shop."
        if "userinfo" in calls:
            return f"Your shop got a token and userinfo, but {self.merchant.home} does not match logged_in."
        if "jwks" in calls:
            return "Your shop got a token and the keys, and did not ask for userinfo."
        return (
            "Your shop got a token, and asked for nothing more. If it keeps the keys of Vipps, start it again: "
            "a new simulator has new keys."
        )

    def ignores_id_token(self) -> bool:
        """Tell whether the merchant logs a customer in with an ID token that is not even a JWT."""
        if self._ignores_id_token is None:
            browser = self.browser()
            self.login(browser, self.fresh(), {"token_response": {"id_token": "not.a.jwt"}})
            self._ignores_id_token = self.is_in(browser)
        return self._ignores_id_token

    def recover(self, browser: Browser | None, person: Person | None = None) -> str:
        """Try a good login until the waits are used up; return the problem, or an empty text.

        After a merchant has not recovered once, later calls try only once.
        """
        reason = ""
        for seconds in PATIENCE_SECONDS if self.is_well else PATIENCE_SECONDS[:1]:
            self.sleep(seconds)
            try:
                self.good_login(browser, person)
            except UnclearError as error:
                reason = str(error)
            else:
                self.is_well = True
                return ""
        self.is_well = False
        return reason

    def is_in(self, browser: Browser) -> bool:
        """Tell whether the browser is logged in."""
        visit = browser.open(self.merchant.home)
        self.refuse_limits(visit)
        return re.search(self.merchant.logged_in, visit.last.body) is not None

    def account(self, browser: Browser) -> str:
        """Return the number of the account, or an empty text."""
        if not self.merchant.account:
            return ""
        found = re.search(self.merchant.account_pattern, browser.open(self.merchant.account).last.body)
        return found[1 if found.re.groups else 0] if found else ""

    def log_out(self, browser: Browser) -> Visit:
        """Press the merchant's logout button."""
        form = Page(browser.open(self.merchant.home).last).find(f"{re.escape(self.merchant.logout)}(?:[?#]|$)")
        return browser.submit(form) if form else browser.open(self.merchant.logout)

    @staticmethod
    def refuse_limits(visit: Visit) -> None:
        """Raise `UnclearError` if the merchant's rate limit answered."""
        if any(answer.status == 429 for answer in visit.answers):
            raise UnclearError("Your shop's rate limit answered (429). Raise it for the check.")


def fill(value: Any, names: Mapping[str, Any]) -> Any:
    """Return the value with its placeholders replaced: `$sub`, `$now-3600`, `$long:300`."""
    if isinstance(value, Mapping):
        # TOML has no null, so false in the data file stands for null, except for members that are booleans.
        return {key: None if each is False and key not in _KEPT else fill(each, names) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [fill(each, names) for each in value]
    if not isinstance(value, str):
        return value
    if (whole := re.fullmatch(r"\$(\w+)([+-]\d+)?", value)) and whole[1] in names:
        return names[whole[1]] + int(whole[2]) if whole[2] else names[whole[1]]
    if repeated := re.fullmatch(r"\$long:(\d+)", value):
        return "a" * int(repeated[1])
    return re.sub(r"\$\{?(\w+)\}?", lambda found: str(names.get(found[1], found[0])), value)
