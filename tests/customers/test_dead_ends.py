"""Every state of an account offers a next action, on the guarded pages and after a refusal."""

import re
import shutil
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count, product
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from app import about
from app.customers.linking.login_messages import NO_RETRY, Action, actions_after_refusal, back_action, is_without_a_way
from app.customers.models import Customer, VippsLink
from app.customers.passwords import hashing
from app.customers.sessions import session_store
from app.customers.sessions.reauthentication import is_recent
from app.database import db, utcnow
from app.vipps import client as vipps_client
from app.vipps.client import Tokens
from app.vipps.discovery import Provider
from app.vipps.errors import REFUSALS, LoginRefused
from app.vipps.id_token import IN_APP, IdToken
from app.vipps.purposes import CONFIRMATIONS, LoginPurpose
from tests.attacks.steps import rules
from tests.conftest import browser_of, build, post
from tests.customers.steps import PASSWORD, add_customer, enter, mails
from tests.pages import Page

PROVIDER = "https://vipps.example"
MAILED = re.compile(r"http://localhost:8000(/(?:account/email|password/reset)/\S+)")
# A walk follows only these links and forms. The account's page is not among them: it links to every page.
WAYS = ("/account/", "/password/")
ELSEWHERE = ("/account", "/password/sent")
NO_WAY = ".no-way"
MAX_STEPS = 60
Offer = tuple[str, str, tuple[tuple[str, str], ...]]


@dataclass(frozen=True)
class State:
    """An account's state and Vipps' state. `link` is linked, ended (sharing revoked) or other (another sales unit)."""

    password: bool
    email: str  # no, unconfirmed or confirmed
    link: str
    plan: str = "basic"
    vipps: str = "up"  # down (no answer to the callback) or resting (the circuit breaker is open)
    held: bool = False  # Vipps returns an email address that another account has

    def __str__(self) -> str:
        account = f"{'' if self.password else 'no '}password, {self.email} email, {self.link}"
        return f"{account}, {self.plan}, {self.vipps}{', held elsewhere' if self.held else ''}"


ACCOUNTS = [State(*each) for each in product((True, False), ("no", "unconfirmed", "confirmed"), ("linked", "ended"))]
LINKED = [each for each in ACCOUNTS if each.link == "linked"]
STATES = [
    *ACCOUNTS,
    *(replace(each, plan="advanced") for each in LINKED),
    *(replace(each, vipps=vipps) for each in LINKED for vipps in ("down", "resting")),
    *(replace(each, held=True) for each in LINKED),
    *(replace(each, link="other") for each in LINKED),
]
walks = count(1)


class Walk:
    """One customer in one browser, walking to one page."""

    def __init__(self, app: Flask, state: State, is_guarded_twice: bool) -> None:
        self.app, self.state, self.is_guarded_twice, self.number = app, state, is_guarded_twice, next(walks)
        self.held, self.own, self.new = (f"{name}.{self.number}@example.com" for name in ("held", "own", "new"))
        self.browser, self.trail, self.path, self.asked_in_app = browser_of(app), [], "", False
        self.browser.environ_base["REMOTE_ADDR"] = f"10.0.{self.number // 250}.{self.number % 250}"
        with app.app_context():
            self.customer_id = self._add_customer()
        enter(app, self.browser, self.customer_id)

    def _add_customer(self) -> int:
        now, unit = utcnow(), self.app.extensions["vipps"].client.config
        customer = Customer(
            name="Asta Moe",
            email=None if self.state.email == "no" else self.own,
            email_verified_at=now if self.state.email == "confirmed" else None,
            password_hash=hashing.make_hash(PASSWORD) if self.state.password else None,
        )
        link = VippsLink(
            issuer=unit.issuer,
            client_id="another-unit" if self.state.link == "other" else unit.client_id,
            subject=self.subject,
            sharing_revoked_at=now - timedelta(hours=1) if self.state.link == "ended" else None,
        )
        customer.vipps_links.append(link)
        db.session.add(customer)
        if self.state.held:
            db.session.add(Customer(name="Asta Moe", email=self.held, email_verified_at=now))
        db.session.commit()
        return customer.id

    @property
    def subject(self) -> str:
        return f"subject-{self.number}"

    def to(self, target: str) -> None:
        """Walk until the page is open and its form is accepted; fail if the walk goes in a circle."""
        todo: deque[Offer] = deque([("GET", target, ())])
        tried: set[Any] = set()
        may_end = False
        while todo:
            assert len(self.trail) < MAX_STEPS, f"the walk does not end: {self.trail}"
            offer, before, mailed = todo.popleft(), self._standing(), self._mailed()
            if (offer, before) in tried:
                continue
            tried.add((offer, before))
            page = self._take(*offer)
            if self._is_open(page, target):
                return self._send_own_form(page)
            is_end = bool(page.select(NO_WAY))
            offers = [] if self.path == "/account" else list(self._offers(page))
            assert offers or is_end or self.path in ELSEWHERE, f"the page offers no next action: {self.trail}"
            may_end = may_end or is_end
            todo.extendleft(reversed(offers))
            if self._standing() != before:
                todo.appendleft(("GET", target, ()))
            if (newest := self._mailed()) != mailed:
                todo.appendleft(("GET", newest, ()))
        assert may_end, f"the walk goes in a circle: {self.trail}"
        return None

    def _take(self, method: str, path: str, fields: tuple[tuple[str, str], ...] = ()) -> Page:
        """Open a link or send a form, and follow the redirects, also to Vipps and back."""
        self.trail.append(f"{method} {path}")
        response = post(self.browser, path, dict(fields)) if method == "POST" else self.browser.get(path)
        while response.status_code in (302, 303):
            path = response.headers["Location"]
            if path.startswith(PROVIDER):
                query = parse_qs(urlsplit(path).query)
                vipps_says.update(subject=self.subject, told=self.held if self.state.held else None)
                vipps_says["acr"] = IN_APP if self.state.plan == "advanced" and "acr_values" in query else ""
                path = f"/login/vipps/callback?code=c&state={query['state'][0]}"
            self.trail.append(f"-> {path.partition('&state')[0]}")
            response = self.browser.get(path)
            if path.startswith("/login/vipps/continue"):
                response = LeadsOn(response.headers["Refresh"].partition(";url=")[2])
        self.path = path.partition("?")[0]
        assert response.status_code in (200, 403, 404, 410, 422, 502, 503), (response.status_code, self.trail)
        return Page(response.text if response.mimetype == "text/html" else "<main></main>", response)

    def _offers(self, page: Page) -> Iterator[Offer]:
        for form in page.select("main form[method=post]"):
            if str(form["action"]).startswith(WAYS) and form["action"] != "/account/delete":
                yield from (("POST", str(form["action"]), fields) for fields in self._answers(form))
        for link in page.select("main a[href^='/']"):
            if str(link["href"]).startswith(WAYS):
                yield "GET", str(link["href"]), ()

    def _answers(self, form: Any) -> Iterator[tuple[tuple[str, str], ...]]:
        """Fill in a form as this customer can, once with each email address that matters."""
        names = {str(each["name"]): str(each.get("value", "")) for each in form.select("input[name]")}
        names.pop("csrf_token", None)
        known = "current" if "current" in names else "password"
        if known in names and form.select_one("input[autocomplete=current-password]"):
            if not self.state.password:
                return
            names[known] = PASSWORD
        if form.select_one("input[autocomplete=new-password]"):
            names["password"] = "eight quiet geese"
        if "email" not in names:
            yield tuple(names.items())
            return
        others = [*([self.held] if self.state.held else []), *([self.own] if self.state.email == "unconfirmed" else [])]
        for address in (*others, self.new):
            yield tuple({**names, "email": address}.items())

    def _is_open(self, page: Page, target: str) -> bool:
        """Tell whether this is the target page with its form, or whether this account does not need that page."""
        if not self.is_guarded_twice:
            return self.path not in ("/login", "/account/confirm")
        is_linked = self.state.link != "other"
        needless = "/account/vipps/link" if is_linked else "/account/vipps/unlink"
        if target == needless and self.path == "/account":
            return True
        return self.path == target and bool(page.select(f"main form[action='{target}']"))

    def _send_own_form(self, page: Page) -> None:
        form = page.soup.select_one(f"main form[action='{self.path}']")
        if not self.is_guarded_twice or form is None:
            return
        done = self._take("POST", self.path, list(self._answers(form))[-1])
        accepted = (200, 502, 503) if self.state.vipps != "up" else (200,)
        assert done.response.status_code in accepted, self.trail
        assert self.path != "/account/confirm", self.trail

    def _mailed(self) -> str:
        """Return the newest emailed link. Older links no longer work."""
        found = [(mail.id, MAILED.findall(mail.body)) for to in (self.own, self.new) for mail in mails(self.app, to=to)]
        return max(((number, links[0]) for number, links in found if links), default=(0, ""))[1]

    def _standing(self) -> tuple[Any, ...]:
        """Return the state that a step can change: password, email address, and this browser's re-authentication."""
        cookie = self.browser.get_cookie("session")
        with self.app.app_context():
            customer = db.session.get_one(Customer, self.customer_id)
            session = session_store.find(cookie.value) if cookie else None
            is_confirmed = is_recent(session[0] if session else None)
            return customer.password_hash, customer.email, customer.email_verified_at, is_confirmed


class LeadsOn:
    """The redirect that a browser makes on the page between a form and Vipps."""

    status_code = 303

    def __init__(self, url: str) -> None:
        self.headers = {"Location": url}


vipps_says: dict[str, Any] = {}


def stand_in(app: Flask, state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace Vipps in the shop's client, so that no network is used. The shop still checks the attempt and `acr`."""
    client = app.extensions["vipps"].client
    issuer = client.config.issuer

    def exchange(*_args: Any) -> Tokens:
        if state.vipps != "up":
            raise LoginRefused("vipps_unreachable")
        return Tokens("access", "id")

    def id_token(*_args: Any, **_options: Any) -> IdToken:
        return IdToken(issuer, vipps_says["subject"], utcnow(), vipps_says["acr"])

    def userinfo(*_args: Any) -> dict[str, Any]:
        told = {"email": vipps_says["told"], "email_verified": True} if vipps_says["told"] else {}
        return {"sub": vipps_says["subject"], "given_name": "Asta", "family_name": "Moe", "name": "Asta Moe", **told}

    provider = Provider(issuer, f"{PROVIDER}/authorize", "", "", "", False, "")
    monkeypatch.setattr(client.discovery, "provider", lambda _deadline: provider)
    monkeypatch.setattr(client._transport, "check_reachable", lambda _endpoint: None)
    monkeypatch.setattr(client, "exchange", exchange)
    monkeypatch.setattr(vipps_client, "validate", id_token)
    monkeypatch.setattr(client, "userinfo", userinfo)
    if state.vipps == "resting":
        monkeypatch.setattr(client.breaker, "_opened_at", client.breaker._clock())


@pytest.fixture(scope="module")
def shop(empty_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """Build one shop for all walks, because building takes longer than a walk. Each walk has its own customer."""
    database = tmp_path_factory.mktemp("guarded") / "shop.sqlite"
    shutil.copy(empty_database, database)
    app = build({}, database)
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture(scope="module")
def guarded_pages(shop: Flask) -> dict[str, bool]:
    """Return every page that requires a login, and whether it also requires a re-authentication."""
    visitor, customer = browser_of(shop), browser_of(shop)
    enter(shop, customer, add_customer(shop))
    pages = [path for _rule, path in rules(shop) if sent_to(visitor, path).startswith("/login?next=")]
    return {path: sent_to(customer, path).startswith("/account/confirm?next=") for path in pages}


def sent_to(browser: FlaskClient, path: str) -> str:
    with browser.get(path) as response:
        return str(response.headers.get("Location", ""))


def test_the_walk_knows_the_guarded_pages(guarded_pages: dict[str, bool]) -> None:
    twice = {path for path, is_guarded_twice in guarded_pages.items() if is_guarded_twice}
    ways_in = {"/account/email", "/account/vipps/link", "/account/vipps/unlink"}
    assert twice >= {*ways_in, "/account/export", "/account/delete"}
    assert guarded_pages.keys() >= {"/account", "/account/password", "/account/profile", "/orders", "/checkout"}


@pytest.mark.parametrize("state", STATES, ids=str)
def test_every_guarded_page_is_reached_in_every_state(
    shop: Flask, guarded_pages: dict[str, bool], state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(shop, state, monkeypatch)
    for number, (path, is_guarded_twice) in enumerate(guarded_pages.items(), start=STATES.index(state)):
        if state not in ACCOUNTS and (not is_guarded_twice or number % 3):
            continue  # a login is enough for this page, or two of the six accounts in this state walk to it
        Walk(shop, state, is_guarded_twice).to(path)


NOTHING = State(False, "no", "linked")


@pytest.mark.parametrize(
    ("who", "meanwhile", "plan", "heading"),
    [
        ("the customer", {}, "basic", ""),
        ("another Vipps user", {}, "basic", "That was another Vipps user"),
        ("the customer", {"password_hash": "x"}, "basic", "This was not confirmed in the app"),
        ("the customer", {"email": "a@example.com", "email_verified_at": utcnow()}, "basic", "This was not confirmed"),
        ("the customer", {"blocked_at": utcnow()}, "basic", "Another customer is logged in now"),
        ("the customer", {}, "advanced", "This was not confirmed in the app"),
    ],
)
def test_a_login_confirms_only_its_own_customer_who_has_no_other_proof(
    make_app: Any, monkeypatch: pytest.MonkeyPatch, who: str, meanwhile: dict[str, Any], plan: str, heading: str
) -> None:
    app = make_app(VIPPS_PLAN=plan)
    stand_in(app, NOTHING, monkeypatch)
    walk = Walk(app, NOTHING, True)
    started = post(walk.browser, "/account/confirm/vipps", {"next": "/account/delete"}, form_on="/account")
    with app.app_context():
        db.session.execute(update(Customer).where(Customer.id == walk.customer_id).values(**meanwhile or {"name": "A"}))
        db.session.commit()
    vipps_says.update(subject=walk.subject if who == "the customer" else "another", told=None, acr="")
    state = parse_qs(urlsplit(started.headers["Location"]).query)["state"][0]
    response = walk.browser.get(f"/login/vipps/callback?code=c&state={state}")
    assert (response.status_code, response.location) == ((403, None) if heading else (303, "/account/delete"))
    assert heading in response.text
    assert walk._standing()[-1] is not bool(heading)


WITH_PASSWORD = Customer(password_hash="x")
WITHOUT_PASSWORD = Customer()
CONFIRMED_EMAIL = Customer(email="a@example.com", email_verified_at=utcnow())
ONLY_TO_THE_ACCOUNT = (
    "linked_elsewhere", "members_only", "other_subject", "several_accounts", "session_changed", "account_blocked",
    "invalid_client",
)  # fmt: skip


@pytest.mark.parametrize(
    ("code", "customer", "hrefs"),
    [
        ("account_blocked", None, [f"mailto:{about.EMAIL}?subject=K7QF-2M9D"]),
        ("members_only", None, ["/register?next=/cart", "/login?next=/cart"]),
        ("several_accounts", None, ["/login?next=/account/vipps/link", "/password/forgot"]),
        ("other_subject", None, ["/login?next=/account", "/password/forgot"]),
        ("access_denied", None, ["/cart", "/login?next=/cart"]),
        ("not_confirmed_in_app", WITH_PASSWORD, ["/account/confirm?next=/cart", "/account"]),
        ("not_confirmed_in_app", CONFIRMED_EMAIL, ["/account/password", "/account"]),
        ("not_confirmed_in_app", WITHOUT_PASSWORD, [f"mailto:{about.EMAIL}", "/account"]),
        ("invalid_client", None, ["/login?next=/cart", "/cart"]),
        *((code, WITH_PASSWORD, ["/account"]) for code in ONLY_TO_THE_ACCOUNT),
        ("access_denied", WITH_PASSWORD, ["/cart", "/account"]),
        ("id_token_nonce", WITHOUT_PASSWORD, ["/cart", "/account"]),
        ("vipps_resting", WITH_PASSWORD, ["/account", "/cart"]),
    ],
)  # fmt: skip
def test_a_refusal_offers_the_next_actions(app: Flask, code: str, customer: Customer | None, hrefs: list[str]) -> None:
    with app.test_request_context():
        actions = actions_after_refusal(code, customer, "/cart", "K7QF-2M9D", LoginPurpose.LOG_IN)
        assert [way.href for way in actions] == hrefs


@pytest.mark.parametrize("purpose", CONFIRMATIONS)
@pytest.mark.parametrize("code", ["vipps_resting", "vipps_unreachable", "access_denied", "not_confirmed_in_app"])
@pytest.mark.parametrize(
    ("customer", "first"),
    [(WITH_PASSWORD, "/account/confirm?next=/cart"), (CONFIRMED_EMAIL, "/account/password"), (WITHOUT_PASSWORD, None)],
)
def test_a_confirmation_that_failed_offers_the_customers_other_proof_first(
    app: Flask, customer: Customer, first: str | None, code: str, purpose: LoginPurpose
) -> None:
    with app.test_request_context():
        ways = [way.href for way in actions_after_refusal(code, customer, "/cart", "", purpose)]
        assert first in (None, ways[0])
        is_final = first is None and code != "access_denied"
        assert is_without_a_way(REFUSALS[code], customer, purpose) is is_final


MAKE_NONE = Action("/cart", members=True)


@pytest.mark.parametrize(
    ("code", "purpose", "customer", "first"),
    [
        # A login for an account begins again on the account's page: the login button would accept any Vipps user.
        ("access_denied", LoginPurpose.CONNECT, WITH_PASSWORD, "/account/vipps/link"),
        ("access_denied", LoginPurpose.REFRESH, WITH_PASSWORD, "/account/profile"),
        # A customer gets no login button after a login that another user may have begun.
        ("state_expired", None, WITH_PASSWORD, "/account"), ("state_expired", None, None, Action("/cart")),
        ("state_expired", LoginPurpose.PROVE, WITH_PASSWORD, "/account"),
        ("state_expired", LoginPurpose.PROVE, None, Action("/cart")),
        # A login that may not create an account may not create one when it begins again either.
        ("access_denied", LoginPurpose.MEMBERS, None, MAKE_NONE),
        ("access_denied", LoginPurpose.MEMBERS, WITH_PASSWORD, MAKE_NONE),
        ("access_denied", LoginPurpose.LOG_IN, WITH_PASSWORD, Action("/cart")),
    ],
)  # fmt: skip
def test_the_first_action_begins_again_for_the_same_purpose(
    app: Flask, code: str, purpose: LoginPurpose | None, customer: Customer | None, first: str | Action
) -> None:
    with app.test_request_context():
        actions = actions_after_refusal(code, customer, "/cart", "", purpose)
        if isinstance(first, Action):
            assert actions[0] == first
        else:
            assert (actions[0].href, actions[-1].href) == (first, "/account")
            assert all(each.label for each in actions)


def test_the_refusals_without_a_retry_exist() -> None:
    assert set(REFUSALS) >= NO_RETRY


@pytest.mark.parametrize(
    ("is_logged_in", "next_path", "href"),
    [
        (False, "/products/x", "/products/x"),
        (True, "/account", "/"),
        (True, "/checkout", "/cart"),
        (False, "/checkout", "/cart"),
    ],
)
def test_the_link_back_leads_to_the_page_before(app: Flask, is_logged_in: bool, next_path: str, href: str) -> None:
    with app.test_request_context():
        assert back_action(is_logged_in, next_path).href == href
