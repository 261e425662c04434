"""Perform a case and judge its outcome: one function per action that a case can name.

A verdict is `unsafe` only if the outcome proves it, such as a browser that is logged in after a login that a right
merchant refuses.
"""

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from .browser import UNREACHABLE, Browser, Visit
from .cases import Case
from .lab import LIMIT_SECONDS, Lab, Person, Started, UnclearError, fill
from .merchant import origin


class Verdict(StrEnum):
    """The result of a case."""

    SAFE = "safe"
    UNSAFE = "unsafe"
    UNCLEAR = "unclear"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True)
class Finding:
    """A verdict, with a description of the merchant's behaviour."""

    verdict: Verdict
    did: str


safe = partial(Finding, Verdict.SAFE)
unsafe = partial(Finding, Verdict.UNSAFE)
unclear = partial(Finding, Verdict.UNCLEAR)


def perform(lab: Lab, case: Case) -> Finding:
    """Perform a case and judge it."""
    missing = [name for name in case.needs if not getattr(lab.merchant, name)]
    if missing:
        return Finding(Verdict.NOT_APPLICABLE, f"merchant.toml does not set {', '.join(missing)}.")
    try:
        return ACTIONS[case.do](lab, case)
    except UnclearError as reason:
        return unclear(str(reason))


def log_in(lab: Lab, case: Case) -> Finding:
    """Log in with the faults of the case."""
    browser, person = lab.browser(), lab.fresh()
    before = ""
    if case.logged_in:
        before = lab.account(lab.good_login(browser, person))
    if case.profile:
        lab.provider.change_person(person.key, fill(case.profile, {"email": person.email, "phone": person.phone}))
    mark = lab.provider.last_call()
    try:
        if case.rotate:
            lab.provider.rotate_keys()
        started = lab.start(browser, fill(case.to, {"shop": origin(lab.merchant.home)}), case.headers.items())
        lab.provider.set_faults(case.endpoints) if case.endpoints else None
        for attempt in range(case.times):
            started = lab.start(browser) if attempt else started
            visit = browser.open(callback_of(lab, case, started, person))
    finally:
        lab.provider.set_faults({}) if case.endpoints else None
    counts = lab.provider.counts(mark)
    for endpoint, most in case.calls.items():
        if counts.get(endpoint, 0) > most:
            return unsafe(f"{case.proof} ({counts[endpoint]} requests)")
    if case.check:
        return LANDINGS[case.check](lab, case, started, visit)
    finding = judge(lab, case, browser, visit, person, before)
    unread = what_is_unread(lab, case, started, counts) if finding.verdict is Verdict.UNSAFE else ""
    return Finding(Verdict.NOT_APPLICABLE, f"Your shop does not read {unread}.") if unread else finding


def what_is_unread(lab: Lab, case: Case, started: Started, counts: Mapping[str, int]) -> str:
    """Name a changed value that the merchant never reads, so that the case proves nothing; else an empty text."""
    if case.expect not in ("refuse", "page"):
        return ""
    if case.fault and set(case.fault) <= {"claims", "userinfo"} and not counts.get("userinfo"):
        return "userinfo"
    if "jwks" in case.endpoints and not counts.get("jwks"):
        return "the key set"
    if list(case.fault.get("id_token", ())) == ["nonce"] and not started.get("nonce"):
        return "the nonce, since it sends none; see the case nonce-sent"
    about_token = bool(case.fault) and set(case.fault) <= {"id_token", "signature", "claims"}
    return "the ID token; see the case id-token-garbage" if about_token and lab.ignores_id_token() else ""


def callback_of(lab: Lab, case: Case, started: Started, person: Person) -> str:
    """Return the URL to which the provider sends the browser, changed as the case says."""
    other = lab.fresh("other") if "$other_" in str(case.fault) else person
    names = {"other_sub": other.sub}
    location = lab.answer(started, person, case.fault, case.error, **names)
    if not case.edit:
        return location
    address, _, query = location.partition("?")
    parameters: dict[str, Any] = dict(parse_qsl(query, keep_blank_values=True))
    named = {**parameters, "issuer": f"{lab.provider.client.url}/access-management-1.0/access/"}
    parameters |= fill(case.edit, named)  # a removed one is None
    return f"{address}?{urlencode({key: each for key, each in parameters.items() if each is not None}, doseq=True)}"


def judge(lab: Lab, case: Case, browser: Browser, visit: Visit, person: Person, before: str = "") -> Finding:
    """Judge a login by whether the browser is logged in after it, and how the merchant answered."""
    lab.refuse_limits(visit)
    if case.timed and visit.seconds > LIMIT_SECONDS:
        return unsafe(f"Your shop answered after {visit.seconds:.0f} seconds; the customer was left waiting.")
    inside = lab.is_in(browser)
    pages = visit.text + (account_pages(lab, browser) if inside and case.lacks else "")
    if found := next((text for text in case.lacks if text in pages), None):
        return unsafe(f"{case.proof} ({found})")
    if visit.crash and case.expect != "refuse" and not (inside and case.expect == "page"):
        return unsafe(f"Your shop did not answer: {visit.crash.body}." if not visit.crash.status else crashed(visit))
    wrong = inside if case.expect in ("refuse", "page") else case.expect != "either" and not inside
    moved = bool(before) and case.expect == "stay" and lab.account(browser) != before
    if (wrong or moved) and not (case.expect == "accept" and case.after and not lab.recover(browser, person)):
        return unsafe(case.proof)
    if case.after and not wrong and lab.recover(None if inside else browser, person):
        return unsafe("After that, your shop did not log in a customer whose login was right.")
    if visit.crash:
        return unclear(f"Your shop logged no customer in, but {crashed(visit, 'it')}")
    return safe("Your shop logged the customer in." if inside else f"Your shop answered {visit.last.status}; no login.")


def crashed(visit: Visit, subject: str = "Your shop") -> str:
    """Say where the merchant crashed."""
    answer = visit.crash or visit.last
    path = urlsplit(answer.url).path
    return f"{subject} answered {answer.status or 'nothing'} at {path}: an error without words for the customer."


def account_pages(lab: Lab, browser: Browser) -> str:
    """Return the pages that show a customer's data."""
    return "\n".join(browser.open(url).text for url in (lab.merchant.home, lab.merchant.account) if url)


def open_page(lab: Lab, case: Case) -> Finding:
    """Open the page of `merchant.toml` that the case names."""
    visit = lab.browser().open(getattr(lab.merchant, case.check))
    if visit.last.status == UNREACHABLE:
        return unsafe(f"No program answers at {visit.last.url}.")
    if visit.last.status >= 400:
        return unsafe(f"{visit.last.url} answered {visit.last.status}.")
    if visit.seconds > LIMIT_SECONDS:
        return unsafe(f"{visit.last.url} answered after {visit.seconds:.0f} seconds.")
    return safe(f"Your shop answered {visit.last.status}.")


# Stages 1, 2, 8 and 9: the authorization request.

KNOWN_SCOPES = {
    *("openid", "name", "email", "phoneNumber", "address", "birthDate", "gender", "nin"),
    *("delegatedConsents", "customFlow"),
}
_ENTROPY = re.compile(r".{16,}")  # 96 bits as base64url


def check_request(lab: Lab, case: Case) -> Finding:
    """Start three logins, two in one browser, and check their authorization requests."""
    browser = lab.browser()
    headers = list(case.headers.items())
    requests = [lab.start(browser, headers=headers), lab.start(browser, headers=headers), lab.start(lab.browser())]
    parameter = _PARAMETERS.get(case.check.partition("_")[0], "")
    if parameter and "_" in case.check and not any(each.get(parameter) for each in requests):
        return Finding(Verdict.NOT_APPLICABLE, f"Your shop sends no {parameter}.")
    if REQUESTS[case.check](lab, requests):
        return safe("Your shop's request is right.")
    shown = requests[0].get(parameter or case.check) or requests[0].get(case.check.partition("_")[0])
    return unsafe(f"{case.proof} ({shown[:60]})" if shown else case.proof)


_PARAMETERS = {"state": "state", "nonce": "nonce", "challenge": "code_challenge"}
"""Checks of these parameters apply only if one is sent; that it is missing is a case of its own."""


def _all(wanted: Callable[[Started], bool]) -> Callable[[Lab, list[Started]], bool]:
    return lambda lab, requests: all(wanted(each) for each in requests)


def _fresh(name: str) -> Callable[[Lab, list[Started]], bool]:
    return lambda lab, requests: len({each.get(name) for each in requests}) == len(requests)


REQUESTS: dict[str, Callable[[Lab, list[Started]], bool]] = {
    "endpoint": lambda lab, requests: all(
        each.url.startswith(f"{lab.provider.client.url}/access-management-1.0/access/oauth2/auth?") for each in requests
    ),
    "response_type": _all(lambda each: each.query.get("response_type") == ["code"]),
    "client_id": lambda lab, requests: all(each.get("client_id") == lab.provider.client.client_id for each in requests),
    "redirect_uri": lambda lab, requests: all(
        each.get("redirect_uri") in (lab.provider.client.redirect_uris or [each.get("redirect_uri")])
        and origin(each.get("redirect_uri")) in lab.merchant.origins
        for each in requests
    ),
    "redirect_uri_query": _all(
        lambda each: "?" not in each.get("redirect_uri") and "#" not in each.get("redirect_uri")
    ),
    "scope_openid": _all(lambda each: "openid" in each.get("scope").split()),
    "scope_known": _all(lambda each: set(each.get("scope").split()) <= KNOWN_SCOPES),
    "scope_nin": _all(lambda each: "nin" not in each.get("scope").split()),
    "once": _all(lambda each: all(len(values) == 1 for values in each.query.values())),
    "length": _all(
        lambda each: len(each.url) < 2000 and len(each.get("state")) < 1000 and len(each.get("nonce")) < 1000
    ),
    "secret": lambda lab, requests: (
        not any(
            (lab.provider.client.client_secret and lab.provider.client.client_secret in each.url)
            or "client_secret" in each.query
            for each in requests
        )
    ),
    "response_mode": _all(lambda each: each.get("response_mode") in ("", "query")),
    "request_data": _all(lambda each: not re.search(r"@|%40|\+47", urlsplit(each.url).query)),
    "state": _all(lambda each: len(each.get("state")) >= 8),
    "state_entropy": _all(lambda each: bool(_ENTROPY.fullmatch(each.get("state")))),
    "state_fresh": _fresh("state"),
    "nonce": _all(lambda each: bool(each.get("nonce"))),
    "nonce_entropy": _all(lambda each: bool(_ENTROPY.fullmatch(each.get("nonce")))),
    "nonce_fresh": _fresh("nonce"),
    "nonce_state": _all(lambda each: each.get("nonce") != each.get("state")),
    "challenge": _all(lambda each: bool(each.get("code_challenge"))),
    "challenge_method": _all(lambda each: each.get("code_challenge_method") == "S256"),
    "challenge_form": _all(lambda each: bool(re.fullmatch(r"[A-Za-z0-9_-]{43}", each.get("code_challenge")))),
    "challenge_fresh": _fresh("code_challenge"),
    "verifier_hidden": _all(lambda each: "code_verifier" not in each.query),
}


# The page after the login.


def _stays_home(lab: Lab, case: Case, started: Started, visit: Visit) -> Finding:
    """Check that the start's parameter cannot send the customer to another site."""
    for answer in visit.answers:
        raw = answer.header("Location")
        # A browser strips blanks and reads a backslash as a slash.
        seen = urljoin(answer.url, raw.strip().replace("\\", "/"))
        if raw and origin(seen) not in lab.merchant.origins:
            return unsafe(f"{case.proof} ({raw})")
    return safe("Your shop stayed on its own site.")


def _clean(lab: Lab, case: Case, started: Started, visit: Visit) -> Finding:
    """Check that the URL of the page after the callback has neither the code nor the state."""
    code = dict(parse_qsl(urlsplit(started.callback).query)).get("code", "")
    shown = code in visit.last.url or code in visit.last.body or started.get("state") in visit.last.url
    return unsafe(case.proof) if shown else safe("Your shop redirected to an address without the code.")


def _uncached(lab: Lab, case: Case, started: Started, visit: Visit) -> Finding:
    """Check that the callback's answer is not cached."""
    first = visit.answers[0]
    uncached = first.status in (302, 303, 307) or "no-store" in first.header("Cache-Control")
    return safe("Your shop's callback is not cached.") if uncached else unsafe(case.proof)


LANDINGS: dict[str, Callable[[Lab, Case, Started, Visit], Finding]] = {
    "stays_home": _stays_home,
    "clean": _clean,
    "uncached": _uncached,
}


# Stages 2, 8 and 9: several browsers.


def play(lab: Lab, case: Case) -> Finding:
    """Play the moves of several browsers; see `Game`."""
    game = Game(lab, case)
    for step in case.steps:
        verb, *words = step.split()
        if finding := getattr(game, verb)(*words):
            return finding  # type: ignore[no-any-return]
    raise ValueError(f"{case.id}: the moves have no end")


class Game:
    """Several browsers (B), logins (L) and persons (P); each public method is a move that a case's `steps` name."""

    def __init__(self, lab: Lab, case: Case) -> None:
        """Begin without a browser."""
        self._lab, self._case = lab, case
        self._browsers: dict[str, Browser] = {}
        self._logins: dict[str, Started] = {}
        self._people: dict[str, Person] = {}
        self._accounts: dict[str, str] = {}
        self._visit: Visit | None = None

    def start(self, browser: str, login: str) -> None:
        """`start B L`: B presses the login button."""
        self._logins[login] = self._lab.start(self._browser(browser))

    def answer(self, login: str, person: str) -> None:
        """`answer L P`: the provider logs P in and answers with the case's faults."""
        nonces = {f"nonce_{name}": each.get("nonce") for name, each in self._logins.items()}
        self._lab.answer(self._logins[login], self._person(person), self._case.fault, self._case.error, **nonces)

    def mix(self, login: str, other: str) -> None:
        """`mix L M`: the callback of L gets the code of M."""
        address, _, query = self._logins[other].callback.partition("?")
        mixed = {**dict(parse_qsl(query)), "state": self._logins[login].get("state")}
        self._logins[login].callback = f"{address}?{urlencode(mixed)}"

    def open(self, browser: str, login: str) -> None:
        """`open B L`: B opens the callback of L."""
        self._visit = self._browser(browser).open(self._logins[login].callback)

    def post(self, browser: str, login: str) -> None:
        """`post B L`: B sends the callback of L as a form."""
        address, _, query = self._logins[login].callback.partition("?")
        self._visit = self._browser(browser).open(address, dict(parse_qsl(query)))

    def logout(self, browser: str) -> None:
        """`logout B`: B logs out."""
        self._lab.log_out(self._browser(browser))

    def enter(self, browser: str, person: str) -> None:
        """`enter B P`: P logs in with B, without a fault."""
        self._lab.good_login(self._browser(browser), self._person(person))
        self._accounts[person] = self._lab.account(self._browser(browser))

    def out(self, browser: str) -> Finding:
        """`out B`: the end; B must not be logged in."""
        return _ended(self._lab, self._case, self._browser(browser), self._visit, inside=False)

    def inside(self, browser: str, person: str = "") -> Finding:
        """`inside B P`: the end; B must be logged in, as P if P entered before."""
        account = self._accounts.get(person, "")
        return _ended(self._lab, self._case, self._browser(browser), self._visit, inside=True, account=account)

    def _browser(self, name: str) -> Browser:
        return self._browsers.setdefault(name, self._lab.browser())

    def _person(self, role: str) -> Person:
        if role not in self._people:
            self._people[role] = self._lab.fresh(role)
        return self._people[role]


def _ended(lab: Lab, case: Case, browser: Browser, visit: Visit | None, *, inside: bool, account: str = "") -> Finding:
    if visit:
        lab.refuse_limits(visit)
        if visit.crash and case.expect == "page":
            return unsafe(crashed(visit))
    if lab.is_in(browser) is not inside or (account and lab.account(browser) != account):
        return unsafe(case.proof)
    if visit and visit.crash:
        return unclear(crashed(visit))
    return safe("The customer stayed logged in." if inside else "Your shop logged no customer in.")


# Stage 12: sessions.


def check_session(lab: Lab, case: Case) -> Finding:
    """Log in, and check the session."""
    return SESSIONS[case.check](lab, case)


def _planted(lab: Lab, case: Case) -> Finding:
    browser = lab.browser()
    browser.open(lab.merchant.home)
    started = lab.start(browser)
    planted = browser.copy()
    browser.open(lab.answer(started, lab.fresh(), {}))
    return unsafe(case.proof) if lab.is_in(planted) else safe("Your shop gave the customer a new session.")


def _logout(lab: Lab, case: Case) -> Finding:
    browser = lab.good_login()
    visit = lab.log_out(browser)
    if "host" in case.check:
        away = visit.last.location and origin(visit.last.location) not in lab.merchant.origins
        return unsafe(f"{case.proof} ({visit.last.location})") if away else safe("Your shop stayed on its own site.")
    return unsafe(case.proof) if lab.is_in(browser) else safe("Your shop logged the customer out.")


def _copied(lab: Lab, case: Case) -> Finding:
    browser = lab.good_login()
    copy = browser.copy()
    lab.log_out(browser)
    if lab.is_in(browser):
        return unclear("Logging out did not work, so a copy of the session says nothing.")
    return unsafe(case.proof) if lab.is_in(copy) else safe("A copy of the cookies was worth nothing after the logout.")


def _logout_by_link(lab: Lab, case: Case) -> Finding:
    browser = lab.good_login()
    browser.open(lab.merchant.logout, headers=[("Sec-Fetch-Site", "cross-site"), ("Referer", "https://evil.example/")])
    return safe("A link logged no customer out.") if lab.is_in(browser) else unsafe(case.proof)


def session_cookies(lab: Lab, browser: Browser) -> dict[str, Any]:
    """Return the cookies without which the browser is not logged in."""
    found = {}
    for key, cookie in browser.cookies.items():
        without = browser.copy()
        del without.cookies[key]
        if not lab.is_in(without):
            found[key[1]] = cookie
    return found


def _cookie(right: Callable[[Mapping[str, str]], bool]) -> Callable[[Lab, Case], Finding]:
    def check(lab: Lab, case: Case) -> Finding:
        found = session_cookies(lab, lab.good_login())
        if not found:
            return unclear("No single cookie carries the session.")
        wrong = [name for name, cookie in found.items() if not right(cookie.attributes)]
        return unsafe(f"{case.proof} ({', '.join(wrong)})") if wrong else safe("The session's cookie is right.")

    return check


def readable(value: str) -> str:
    """Return the readable contents of a cookie: its text, and its parts decoded from base64."""
    texts = [value]
    for part in re.split(r"[.|%]", value):
        try:
            texts.append(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode(errors="ignore"))
        except ValueError:
            continue
    return "\n".join(texts)


# Header and payload of a signed JWT. An encrypted token, such as an encrypted session, has no readable second part.
_SIGNED_TOKEN = re.compile(r"eyJ[\w-]+\.eyJ[\w-]+\.")


def _private_cookie(lab: Lab, case: Case) -> Finding:
    browser, person = lab.browser(), lab.fresh()
    lab.good_login(browser, person)
    for (_host, name), cookie in browser.cookies.items():
        text = readable(cookie.value)
        told = any(secret in text for secret in (person.email, person.phone))
        if told if "claims" in case.check else _SIGNED_TOKEN.search(text):
            return unsafe(f"{case.proof} ({name})")
    return safe("The cookies tell nothing about the customer.")


def _cookie_size(lab: Lab, case: Case) -> Finding:
    browser = lab.browser()
    for _ in range(30):
        lab.start(browser)
    if large := [name for (_host, name), each in browser.cookies.items() if len(name) + len(each.value) > 4000]:
        return unsafe(f"{case.proof} ({large[0]})")
    if sum(len(key[1]) + len(each.value) for key, each in browser.cookies.items()) > 8000:
        return unsafe(f"{case.proof} (all cookies together)")
    lab.good_login(browser)
    return safe("After 30 logins that were left, the next one worked.")


def _header(pattern: str, names: tuple[str, ...], page: str) -> Callable[[Lab, Case], Finding]:
    def check(lab: Lab, case: Case) -> Finding:
        browser = lab.good_login()
        answer = browser.open(getattr(lab.merchant, page)).last
        said = " ".join(answer.header(name) for name in names)
        return safe("Your shop sends the header.") if re.search(pattern, said, re.I) else unsafe(case.proof)

    return check


def _switched(lab: Lab, case: Case) -> Finding:
    browser, first, second = lab.browser(), lab.fresh(), lab.fresh("other")
    one = lab.account(lab.good_login(browser, first))
    if "logout" in case.check:
        lab.log_out(browser)
    visit = lab.login(browser, second)
    if not lab.is_in(browser):
        return safe(f"Your shop did not log the second customer in over the first ({visit.last.status}).")
    other = lab.account(browser)
    return unsafe(case.proof) if other == one else safe("The second customer got their own account.")


def _stranger(lab: Lab, case: Case) -> Finding:
    browser = lab.good_login()
    if not lab.account(browser):
        return unclear("The account page does not match account_pattern.")
    return unsafe(case.proof) if lab.account(lab.browser()) else safe("Without a login there is no account page.")


SESSIONS: dict[str, Callable[[Lab, Case], Finding]] = {
    "planted": _planted,
    "logout": _logout,
    "logout_host": _logout,
    "copied": _copied,
    "logout_by_link": _logout_by_link,
    "http_only": _cookie(lambda attributes: "httponly" in attributes),
    "same_site": _cookie(lambda attributes: attributes.get("samesite", "").lower() in ("lax", "strict")),
    "domain": _cookie(lambda attributes: not attributes.get("domain")),
    "cookie_tokens": _private_cookie,
    "cookie_claims": _private_cookie,
    "cookie_size": _cookie_size,
    "framed": _header(r"frame-ancestors|DENY|SAMEORIGIN", ("Content-Security-Policy", "X-Frame-Options"), "home"),
    "cached": _header(r"no-store|private|no-cache", ("Cache-Control",), "account"),
    "sniffed": _header(r"nosniff", ("X-Content-Type-Options",), "home"),
    "switched": _switched,
    "switched_logout": _switched,
    "stranger": _stranger,
}


# Stage 13: accounts.


def link(lab: Lab, case: Case) -> Finding:
    """Log in one person, then another person or the same person with other data, and compare the accounts."""
    first_browser, first = lab.browser(), lab.fresh("customer", case.profile)
    lab.login(first_browser, first, case.first)
    if not lab.is_in(first_browser):
        raise UnclearError("The first login of this case did not work.")
    one = lab.account(first_browser)
    if not one:
        raise UnclearError("The account page does not match account_pattern.")
    second = first if case.expect == "same" else lab.fresh("other")
    names = {"first_email": first.email, "first_phone": first.phone, "first_sub": first.sub, "word": lab.word()}
    browser = lab.browser()
    visit = lab.login(
        browser, second, case.fault, **names, upper_sub=first.sub.upper(), upper_email=first.email.upper()
    )
    lab.refuse_limits(visit)
    if visit.crash:
        return unclear(crashed(visit))
    other = lab.account(browser) if lab.is_in(browser) else ""
    if case.expect == "same" and other != one:
        return unsafe(case.proof)
    if case.expect == "other" and other == one:
        return unsafe(case.proof)
    return safe("It was the same account." if other == one else "It was not the first customer's account.")


# Stage 14: consents and the revocation event.


def read_consents(lab: Lab, case: Case) -> Finding:
    """Log in with consents, perhaps twice, and read the consent page."""
    person, names = lab.fresh(), {"consent": lab.merchant.consent_id, "time": "2026-11-01T10:00:00Z"}
    if case.first:
        before = lab.browser()
        lab.login(before, person, case.first, **names)
        if not _consent_given(lab, before):
            raise UnclearError("The first login's consent is not on the consent page.")
    browser = lab.browser()
    visit = lab.login(browser, person, case.fault, **names)
    lab.refuse_limits(visit)
    if not lab.is_in(browser):
        return unclear(f"Your shop did not log the customer in ({visit.last.status}).")
    given = _consent_given(lab, browser)
    if given is not (case.expect == "given"):
        seen = "matches" if given else "does not match"
        return unsafe(f"{case.proof} ({lab.merchant.consents} {seen} consent_given)")
    return safe(f"The consent page says {'yes' if given else 'no'}.")


def _consent_given(lab: Lab, browser: Browser) -> bool:
    return re.search(lab.merchant.consent_given, browser.open(lab.merchant.consents).last.body) is not None


def send_event(lab: Lab, case: Case) -> Finding:
    """Send the webhook a revocation event, and log in again afterwards."""
    browser, person = lab.browser(), lab.fresh()
    lab.good_login(browser, person)
    account = lab.account(browser)
    names = {"sub": person.sub, "now": int(lab.now()), "unknown": lab.word(30)}
    body = fill(case.body, names) or unsigned(fill(case.event, names))
    for _ in range(case.times):
        headers = [("Content-Type", "text/plain")]
        sent = body.encode() if case.method == "POST" else None
        answer = lab.transport(case.method, lab.merchant.webhook, headers, sent)
        if answer.status == UNREACHABLE or not case.statuses[0] <= answer.status <= case.statuses[1]:
            return unsafe(f"{case.proof} ({answer.status or 'no answer'})")
    if "Set-Cookie" in dict(answer.headers) and case.check == "cookie":
        return unsafe(case.proof)
    again = lab.browser()
    lab.login(again, person)
    if not lab.is_in(again):
        return unsafe("After the event, the customer could not log in again.")
    if account and lab.account(again) != account:
        return unsafe(
            "After the event, the customer's account was gone: the event can be forged, so it deletes nothing."
        )
    return safe(f"Your shop answered {answer.status}, and the customer still has the account.")


def unsigned(members: Mapping[str, Any]) -> str:
    """Return a JWT of two segments, as Vipps documents the event."""
    parts = ({"alg": "none", "typ": "JWT"}, members)
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts)


ACTIONS: dict[str, Callable[[Lab, Case], Finding]] = {
    "open": open_page,
    "login": log_in,
    "request": check_request,
    "play": play,
    "session": check_session,
    "link": link,
    "consents": read_consents,
    "event": send_event,
}
