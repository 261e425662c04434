"""The inspector's store: no secrets, few logins, for a day, and shown only to the browser that made them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import event, inspect, select, text

from app.customers.models import Customer, VippsLink
from app.customers.privacy import erasure
from app.database import db, is_in_models, utcnow
from app.guide.inspector import store
from app.vipps.attempts import metadata as vipps_metadata
from app.vipps.transport import Call, call_made
from samples.customers import PASSWORD
from tests.conftest import browser_of, open_page, post
from tests.guide.steps import INDEX, results
from tests.pages import check_page
from tests.vipps_person import VippsPerson


@contextmanager
def overheard(vipps: VippsPerson) -> Iterator[set[str]]:
    """Collect every secret, code and token that is sent."""
    secrets: set[str] = set()

    def listen(sender: object, call: Call) -> None:
        if "Authorization" in call.headers:
            secrets.add(call.headers["Authorization"].partition(" ")[2])
        for name, values in parse_qs((call.body or b"").decode()).items():
            if name in ("code", "code_verifier", "client_secret"):
                secrets.update(values)
        try:
            answer = json.loads(call.answer_body or b"null")
        except ValueError:
            answer = None
        if isinstance(answer, dict):
            secrets.update(str(answer[name]) for name in ("access_token", "id_token") if name in answer)

    with call_made.connected_to(listen):
        yield secrets


def everything_kept(vipps: VippsPerson, but: set[str]) -> str:
    """Return the shop's whole database as text, except some columns."""
    with vipps.app.app_context():
        tables = db.session.scalars(text("SELECT name FROM sqlite_master WHERE type = 'table'")).all()
        lines = []
        for table in tables:
            for row in db.session.execute(text(f'SELECT * FROM "{table}"')).mappings():
                lines.append(str({name: value for name, value in row.items() if f"{table}.{name}" not in but}))
        return "\n".join(lines)


def test_no_secret_is_stored_logged_or_shown(vipps: VippsPerson, capfd: pytest.CaptureFixture[str]) -> None:
    """ASVS 16.2.5. The row of a login in progress has nonce and verifier, because the callback needs them."""
    with overheard(vipps) as secrets:
        location = vipps.start("/account")
        asked = parse_qs(urlsplit(location).query)
        callback = vipps.approve(location, "kari")
        secrets |= {asked["state"][0], asked["nonce"][0], parse_qs(urlsplit(callback).query)["code"][0]}
        vipps.browser.get(callback)
        vipps.browser.get(callback)
        vipps.browser.get(vipps.approve(vipps.start(), "ola", faults={"id_token": {"nonce": "another"}}))
        post(vipps.browser, "/login/password", {"email": "ola.tangen@example.com", "password": PASSWORD})
    cookies = {cookie.value for cookie in vipps.browser._cookies.values() if not cookie.key.endswith("form")}
    secrets |= {PASSWORD, vipps.app.extensions["settings"].client_secret, *cookies}
    assert len(secrets) >= 13
    pages = [vipps.browser.get(f"{INDEX}/{number}{end}").text for number in range(1, 4) for end in ("", ".json")]
    kept = everything_kept(vipps, but={"login_attempt.nonce", "login_attempt.code_verifier"})
    logged = "".join(capfd.readouterr())
    assert "inspected" not in logged
    for secret in secrets:
        for where, text_there in (("the database", kept), ("the log", logged), ("a page", "".join(pages))):
            assert secret not in text_there, f"{secret[:6]}… is in {where}"


def kept_logins(vipps: VippsPerson, name: str = "") -> int:
    """Count the recorded logins of all browsers, or those with a name; a space after it excludes random values."""
    with vipps.app.app_context():
        kept = text("SELECT count(*) FROM inspected_login WHERE callback LIKE :name")
        return int(db.session.scalar(kept, {"name": f"%{name}%"}) or 0)


def test_logins_are_bounded_in_number_and_age(vipps: VippsPerson) -> None:
    for _ in range(store.MAX_PER_BROWSER + 3):
        vipps.start()
    assert len(open_page(vipps.browser, INDEX).select(".login")) == store.MAX_PER_BROWSER
    with time_machine.travel(utcnow() + store.RETENTION + timedelta(minutes=1), tick=False):
        vipps.start()
        assert len(open_page(vipps.browser, INDEX).select(".login")) == 1


def test_logins_are_bounded_for_all_browsers_together(vipps: VippsPerson, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MAX_LOGINS", 3)
    for _ in range(5):
        vipps.start(browser=browser_of(vipps.app))
    assert kept_logins(vipps) == 3


def test_callbacks_without_a_started_login_are_not_stored(vipps: VippsPerson) -> None:
    vipps.start()
    for name, cookie in (("unknown", ""), ("invented", "an-inspector-cookie-that-we-never-made")):
        stranger = browser_of(vipps.app)
        if cookie:
            stranger.set_cookie(store.COOKIE, cookie)
        for state in (f"state=an-unknown-state-{name}&", ""):
            response = stranger.get(f"/login/vipps/callback?{state}code=x")
            assert "inspector=" not in str(response.headers.getlist("Set-Cookie"))
    assert kept_logins(vipps) == 1


def test_callbacks_of_one_login_are_limited_in_all_browsers_together(vipps: VippsPerson) -> None:
    callback = vipps.approve(vipps.start(), "kari")
    for _ in range(store.MAX_PER_LOGIN + 2):
        browser_of(vipps.app).get(callback)
    assert kept_logins(vipps) == store.MAX_PER_LOGIN
    vipps.browser.get(callback)
    assert set(results(vipps.browser)) == {"passed"}, "the browser of the login has its own recording"


def test_callbacks_in_other_browsers_count_towards_the_limit_of_the_one_that_started(vipps: VippsPerson) -> None:
    other = browser_of(vipps.app)
    vipps.start(browser=other)
    for _ in range(6):
        callback = vipps.approve(vipps.start(), "kari")
        for _ in range(store.MAX_PER_LOGIN - 1):
            stranger = browser_of(vipps.app)
            stranger.get(callback)
            stranger.get("/login/vipps/callback?state=an-unknown-state-one&code=x")
    assert kept_logins(vipps) == store.MAX_PER_BROWSER + 1
    for _ in range(store.MAX_PER_BROWSER):
        vipps.start()
    assert kept_logins(vipps) == store.MAX_PER_BROWSER + 1, "a callback is deleted with the login that started it"
    assert len(open_page(other, INDEX).select(".login")) == 1


def test_callbacks_with_an_unknown_state_write_nothing(vipps: VippsPerson) -> None:
    vipps.start()
    told: list[str] = []
    with vipps.app.app_context():
        engine = db.engine
    listen = (engine, "before_cursor_execute", lambda _c, _u, statement, *_: told.append(statement))
    event.listen(*listen)
    browser_of(vipps.app).get("/login/vipps/callback?state=an-unknown-state-one")
    event.remove(*listen)
    ours = {each.split()[0] for each in told if store.inspected_login.name in each}
    assert ours == {"SELECT", "PRAGMA"}


def test_logins_stay_after_logout_and_can_be_deleted(vipps: VippsPerson) -> None:
    vipps.log_in("kari")
    post(vipps.browser, "/logout", form_on="/account")
    page = open_page(vipps.browser, INDEX)
    assert page.select(".login")
    assert "stay when you log out" in page.one(".forget").get_text()
    assert post(vipps.browser, "/guide/inspector/forget", form_on=INDEX).status_code == 303
    assert kept_logins(vipps) == 0
    assert vipps.browser.get_cookie(store.COOKIE) is None


def test_deleting_the_account_deletes_its_logins_and_refused_ones_of_the_same_person(vipps: VippsPerson) -> None:
    vipps.log_in("kari")
    for person in ("kari", "ola"):
        another = {"faults": {"claims": {"sub": "another-person"}}}
        refused = browser_of(vipps.app)
        assert refused.get(vipps.approve(vipps.start(browser=refused), person, **another)).status_code == 502
    assert (kept_logins(vipps, "Kari "), kept_logins(vipps, "Ola ")) == (2, 1)
    with vipps.app.test_request_context():
        erasure.erase(db.session.scalars(select(Customer).join(VippsLink).limit(1)).one())
        db.session.commit()
    assert (kept_logins(vipps, "Kari "), kept_logins(vipps, "Ola ")) == (0, 1)


@pytest.mark.parametrize("demo", ["1", "0"])
def test_retention_deletes_old_recordings(vipps: VippsPerson, make_app: Any, demo: str) -> None:
    """Also in a shop that was a demo before."""
    job = make_app(DEMO=demo).test_cli_runner()
    assert "      0  logins in the inspector\n" in job.invoke(args=["retention"]).output, "before there is a table"
    vipps.log_in("kari")
    assert "      0  logins in the inspector\n" in job.invoke(args=["retention"]).output
    with time_machine.travel(utcnow() + store.RETENTION + timedelta(minutes=1), tick=False):
        for dry in (["--dry-run"], []):
            assert "      1  logins in the inspector\n" in job.invoke(args=["retention", *dry]).output
    assert kept_logins(vipps) == 0


def test_migrations_leave_the_table_alone(vipps: VippsPerson) -> None:
    vipps.log_in("kari")
    with vipps.app.app_context(), db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": is_in_models})
        assert inspect(connection).has_table("inspected_login")
        assert compare_metadata(context, [db.metadata, vipps_metadata]) == []


def test_pages_are_not_cached_and_only_browsers_with_a_login_have_the_cookie(vipps: VippsPerson) -> None:
    response = vipps.browser.get(INDEX)
    assert response.headers["Cache-Control"] == "no-store"
    assert "inspector=" not in response.headers.get("Set-Cookie", "")
    assert "Nothing yet" in check_page(response).text
