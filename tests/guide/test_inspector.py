"""The inspector: a login told step by step to the browser it belongs to, without anything that opens a door."""

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
from flask.testing import FlaskClient
from sqlalchemy import event, inspect, select, text

from app.customers.models import Customer, VippsLink
from app.customers.privacy import erasure
from app.customers.seed import DEMO_PASSWORD
from app.database import db, is_in_models, utcnow
from app.guide.inspector import store
from app.guide.inspector.checks import CHECKS
from app.vipps.attempts import metadata as vipps_metadata
from app.vipps.errors import REFUSALS
from app.vipps.signals import Call, call_made
from tests.conftest import browser_of, open_page, post
from tests.pages import Page, check_page
from tests.vipps_person import VippsPerson

INDEX = "/guide/inspector"


def newest(browser: FlaskClient) -> Page:
    """Open this browser's newest login."""
    link = open_page(browser, INDEX).select(".login h2 a")[0]
    return open_page(browser, str(link["href"]))


def recorded(browser: FlaskClient) -> dict[str, Any]:
    """Download this browser's newest login."""
    link = open_page(browser, INDEX).select(".login h2 a")[0]
    response = browser.get(f"{link['href']}.json")
    assert response.headers["Content-Disposition"].startswith("attachment")
    return dict(response.json)


def results(browser: FlaskClient) -> list[str]:
    """Return what became of each check of the newest login."""
    return [each["result"] for each in recorded(browser)["checks"]]


def failed_check(browser: FlaskClient) -> str:
    """Return the one check that failed; every one before it was passed, and none after it looked at."""
    checks = recorded(browser)["checks"]
    at = next(i for i, each in enumerate(checks) if each["result"] == "failed")
    assert {each["result"] for each in checks[:at]} <= {"passed"}
    assert {each["result"] for each in checks[at + 1 :]} <= {"not_reached"}
    return str(checks[at]["check"])


@contextmanager
def overheard(vipps: VippsPerson) -> Iterator[set[str]]:
    """Collect every secret, code and token that passes."""
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
    """Return the shop's whole database as text, but for some columns."""
    with vipps.app.app_context():
        tables = db.session.scalars(text("SELECT name FROM sqlite_master WHERE type = 'table'")).all()
        lines = []
        for table in tables:
            for row in db.session.execute(text(f'SELECT * FROM "{table}"')).mappings():
                lines.append(str({name: value for name, value in row.items() if f"{table}.{name}" not in but}))
        return "\n".join(lines)


def test_a_login_is_told_from_the_button_to_the_page(vipps: VippsPerson) -> None:
    vipps.log_in("kari", "/account")
    page = newest(vipps.browser)
    titles = [each.get_text() for each in page.select(".step__title")]
    assert titles[:4] == [
        "You press the button",
        "The shop notes the login",
        "The shop sends you to Vipps",
        "Vipps asks you",
    ]
    assert titles[6:8] == ["The shop takes the login", "The shop hands in the code"]
    assert titles[-2:] == ["Which customer is this?", "You are where you wanted to go"]
    assert set(results(vipps.browser)) == {"passed"}
    assert f"{len(CHECKS)} checks were made" in page.text
    assert "PKCE" in page.text
    assert "INSERT customer_session" in page.text
    assert "DELETE login_attempt" not in page.text, "a statement that found nothing is no news"
    assert len(page.select("svg.sequence a")) == len(titles)
    assert [str(each["href"]) for each in page.select("svg.sequence a")] == [
        f"#{each['id']}" for each in page.select(".steps > li")
    ]


def test_what_was_decided_is_told_with_its_reasons(vipps: VippsPerson) -> None:
    vipps.log_in("kari")
    page = newest(vipps.browser)
    assert page.h1 == "An account of yours was here already. It was connected, and you were let in."
    assert "Vipps and we have both verified the same e-mail address." in page.one(".decision").get_text()


def test_id_token_is_opened_and_claims_name_their_scope(vipps: VippsPerson) -> None:
    vipps.log_in("kari")
    calls = {call["url"].rsplit("/", 1)[-1]: call for call in recorded(vipps.browser)["callback"]["calls"]}
    claims = calls["token"]["id_token"]["claims"]
    assert claims["aud"]
    assert claims["sub"] == calls["userinfo"]["answer"]["sub"]
    assert calls["userinfo"]["answer"]["phone_number"] == "4790000011"
    tags = [each.get_text() for each in newest(vipps.browser).select(".named .tag")]
    assert {"openid", "name", "phoneNumber", "email", "address", "delegatedConsents"} <= set(tags)


def test_nonce_that_was_sent_and_that_came_can_be_seen_to_be_the_same(vipps: VippsPerson) -> None:
    vipps.log_in("kari")
    facts = [each.get_text(" ", strip=True) for each in newest(vipps.browser).select(".check__fact")]
    sent, came = [each for each in facts if "43 characters" in each][-2:]
    assert sent.removeprefix("we sent ") == came.removeprefix("the token says ")


@pytest.mark.parametrize(
    ("wishes", "check"),
    [
        ({"action": "deny"}, "code"),
        ({"action": "error", "error": "server_error"}, "code"),
        ({"faults": {"token": {"status": 401, "body": {"error": "invalid_client"}}}}, "token_answer"),
        ({"faults": {"token": {"status": 503}}}, "token_answer"),
        ({"faults": {"id_token": {"iss": "https://evil.example"}}}, "iss"),
        ({"faults": {"id_token": {"aud": "somebody-else"}}}, "aud"),
        ({"faults": {"id_token": {"nonce": "another"}}}, "nonce"),
        ({"faults": {"id_token": {"exp": 1}}}, "times"),
        ({"faults": {"id_token": {"sub": ""}}}, "subject"),
        ({"faults": {"id_token": {"at_hash": "x"}}}, "at_hash"),
        ({"faults": {"userinfo": {"status": 500}}}, "userinfo_answer"),
        ({"faults": {"claims": {"sub": "somebody-else"}}}, "same_person"),
    ],
)
def test_a_refused_login_shows_where_it_stopped(vipps: VippsPerson, wishes: dict[str, Any], check: str) -> None:
    callback = vipps.approve(vipps.start(), "ola", **wishes)
    assert vipps.browser.get(callback).status_code >= 400
    assert failed_check(vipps.browser) == next(each.title for each in CHECKS if each.key == check)
    page = newest(vipps.browser)
    code = page.h1.removeprefix("Refused: ")
    assert REFUSALS[code].cause in page.text
    assert page.select(".step--failed")


def test_state_of_nobody_is_told_too(vipps: VippsPerson) -> None:
    vipps.browser.get("/login/vipps/callback?state=invented-invented&code=x")
    assert failed_check(vipps.browser) == CHECKS[0].title
    assert recorded(vipps.browser)["start"] is None
    assert "There is none that this browser could take." in newest(vipps.browser).text


def test_repeated_callback_is_a_story_of_its_own(vipps: VippsPerson) -> None:
    callback = vipps.approve(vipps.start("/cart"), "kari")
    for _ in range(2):
        vipps.browser.get(callback)
    assert "had been answered before" in newest(vipps.browser).text
    assert results(vipps.browser) == []
    assert len(open_page(vipps.browser, INDEX).select(".login")) == 2


def test_callback_in_another_browser_is_its_own_story(vipps: VippsPerson) -> None:
    callback = vipps.approve(vipps.start(), "kari")
    stranger = browser_of(vipps.app)
    stranger.get(callback)
    assert failed_check(stranger) == CHECKS[1].title
    assert recorded(stranger)["start"] is None
    assert newest(vipps.browser).h1 == "Not finished"


def test_only_redirects_to_vipps_begin_a_story(vipps: VippsPerson) -> None:
    response = vipps.browser.get("/language/nb?next=/%3Fstate%3Dnot-a-login")
    assert "state=" in response.headers["Location"]
    assert not open_page(vipps.browser, INDEX).select(".login")


def test_a_login_that_is_not_finished_ends_at_vipps(vipps: VippsPerson) -> None:
    vipps.start()
    page = newest(vipps.browser)
    assert page.h1 == "Not finished"
    assert [each.get_text() for each in page.select(".step__title")][-1] == "Vipps asks you"


def test_another_browser_sees_nothing(vipps: VippsPerson) -> None:
    vipps.log_in("kari")
    path = str(open_page(vipps.browser, INDEX).select(".login h2 a")[0]["href"])
    stranger = browser_of(vipps.app)
    assert not open_page(stranger, INDEX).select(".login")
    vipps.log_in("ola", browser=stranger)
    for address in (path, f"{path}.json", f"/guide/inspector/compare?login={path.rsplit('/', 1)[1]}&login=2"):
        assert stranger.get(address).status_code == 404, address


def test_two_logins_side_by_side_show_what_differed(vipps: VippsPerson) -> None:
    vipps.browser.get(vipps.approve(vipps.start(), "ola", action="deny"))
    vipps.log_in("ola")
    boxes = open_page(vipps.browser, INDEX).select("input[name=login][checked]")
    query = "&".join(f"login={box['value']}" for box in boxes)
    page = open_page(vipps.browser, f"/guide/inspector/compare?{query}")
    rows = {row.th.get_text(): [cell.get_text() for cell in row.select("td")] for row in page.select("tbody tr")}  # type: ignore[union-attr]
    assert rows["Came back: error"] == ["access_denied", "–"]
    assert rows["Answer of token"] == ["–", "200"]
    assert not {"Asked: state", "Asked: nonce", "Asked: scope"} & set(rows)
    for odd in ("", "?login=1", "?login=x&login=y", "?login=1&login=2&login=3"):
        assert vipps.browser.get(f"/guide/inspector/compare{odd}").status_code == 303


def test_no_secret_is_kept_logged_or_shown(vipps: VippsPerson, capfd: pytest.CaptureFixture[str]) -> None:
    """ASVS 16.2.5. The row of a login in progress has nonce and verifier, because the callback needs them."""
    with overheard(vipps) as secrets:
        location = vipps.start("/account")
        asked = parse_qs(urlsplit(location).query)
        callback = vipps.approve(location, "kari")
        secrets |= {asked["state"][0], asked["nonce"][0], parse_qs(urlsplit(callback).query)["code"][0]}
        vipps.browser.get(callback)
        vipps.browser.get(callback)
        vipps.browser.get(vipps.approve(vipps.start(), "ola", faults={"id_token": {"nonce": "another"}}))
        post(vipps.browser, "/login/password", {"email": "ola.tangen@example.com", "password": DEMO_PASSWORD})
    cookies = {cookie.value for cookie in vipps.browser._cookies.values() if cookie.key != "form"}
    secrets |= {DEMO_PASSWORD, vipps.app.extensions["settings"].client_secret, *cookies}
    assert len(secrets) >= 13
    pages = [vipps.browser.get(f"{INDEX}/{number}{end}").text for number in range(1, 4) for end in ("", ".json")]
    kept = everything_kept(vipps, but={"login_attempt.nonce", "login_attempt.code_verifier"})
    logged = "".join(capfd.readouterr())
    assert "inspected" not in logged
    for secret in secrets:
        for where, text_there in (("the database", kept), ("the log", logged), ("a page", "".join(pages))):
            assert secret not in text_there, f"{secret[:6]}… is in {where}"


def test_logins_are_bounded_in_number_and_age(vipps: VippsPerson) -> None:
    for _ in range(store.PER_BROWSER + 3):
        vipps.start()
    assert len(open_page(vipps.browser, INDEX).select(".login")) == store.PER_BROWSER
    with time_machine.travel(utcnow() + store.AGE + timedelta(minutes=1), tick=False):
        vipps.start()
        assert len(open_page(vipps.browser, INDEX).select(".login")) == 1


def test_logins_are_bounded_for_all_browsers_together(vipps: VippsPerson, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MOST", 3)
    for _ in range(5):
        vipps.start(browser=browser_of(vipps.app))
    with vipps.app.app_context():
        assert db.session.scalar(text("SELECT count(*) FROM inspected_login")) == 3


def test_logins_can_be_forgotten(vipps: VippsPerson) -> None:
    vipps.log_in("kari")
    assert post(vipps.browser, "/guide/inspector/forget", form_on=INDEX).status_code == 303
    assert not open_page(vipps.browser, INDEX).select(".login")


def test_deleting_the_account_deletes_its_logins(vipps: VippsPerson) -> None:
    vipps.log_in("ola")
    with vipps.app.test_request_context():
        number = db.session.scalar(text("SELECT max(customer_id) FROM inspected_login"))
        erasure.erase(db.session.get(Customer, number))  # type: ignore[arg-type]
        db.session.commit()
    assert not open_page(vipps.browser, INDEX).select(".login")


def kept_of(vipps: VippsPerson, name: str) -> int:
    """Return how many recorded logins of all browsers hold a name."""
    with vipps.app.app_context():
        kept = text("SELECT count(*) FROM inspected_login WHERE callback LIKE :name")
        return db.session.scalar(kept, {"name": f"%{name}%"}) or 0


def test_deleting_the_account_deletes_refused_logins_of_the_same_person_too(vipps: VippsPerson) -> None:
    vipps.log_in("kari")
    for person in ("kari", "ola"):
        another = {"faults": {"claims": {"sub": "somebody-else"}}}
        refused = browser_of(vipps.app)
        assert refused.get(vipps.approve(vipps.start(browser=refused), person, **another)).status_code == 502
    assert (kept_of(vipps, "Kari"), kept_of(vipps, "Ola")) == (2, 1)
    with vipps.app.test_request_context():
        erasure.erase(db.session.scalars(select(Customer).join(VippsLink)).first())  # type: ignore[arg-type]
        db.session.commit()
    assert (kept_of(vipps, "Kari"), kept_of(vipps, "Ola")) == (0, 1)


@pytest.mark.parametrize("demo", ["1", "0"])
def test_retention_forgets_what_nobody_looked_at_any_more(vipps: VippsPerson, make_app: Any, demo: str) -> None:
    """Also in a shop that has been a demo and is none any more."""
    job = make_app(DEMO=demo).test_cli_runner()
    assert "      0  logins in the inspector\n" in job.invoke(args=["retention"]).output, "before there is a table"
    vipps.log_in("kari")
    assert "      0  logins in the inspector\n" in job.invoke(args=["retention"]).output
    with time_machine.travel(utcnow() + store.AGE + timedelta(minutes=1), tick=False):
        for dry in (["--dry-run"], []):
            assert "      1  logins in the inspector\n" in job.invoke(args=["retention", *dry]).output
    assert kept_of(vipps, "") == 0


def test_the_table_is_nothing_that_migrations_would_take_away(vipps: VippsPerson) -> None:
    vipps.log_in("kari")
    with vipps.app.app_context(), db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": is_in_models})
        assert inspect(connection).has_table("inspected_login")
        assert compare_metadata(context, [db.metadata, vipps_metadata]) == []


def test_fault_in_the_inspector_is_not_the_logins(
    vipps: VippsPerson, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(store, "keep", lambda *_, **__: 1 / 0)
    assert vipps.log_in("kari", "/account").status_code == 303
    assert open_page(vipps.browser, "/account").h1 == "My page"
    assert "inspection_failed" in "".join(capfd.readouterr())


def test_pages_are_kept_by_no_cache_and_only_browsers_with_a_login_have_the_cookie(vipps: VippsPerson) -> None:
    response = vipps.browser.get(INDEX)
    assert response.headers["Cache-Control"] == "no-store"
    assert "inspector=" not in response.headers.get("Set-Cookie", "")
    assert "Nothing yet" in check_page(response).text


def test_there_is_no_inspector_without_the_demo(make_app: Any, simulator: str) -> None:
    app = make_app(demo=True, SIMULATOR_URL=simulator, DEMO="0")
    vipps = VippsPerson(app, browser_of(app), simulator)
    statements: list[str] = []
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *about: statements.append(about[2]))
    vipps.log_in("kari")
    assert vipps.browser.get(INDEX).status_code == 404
    assert [each for each in statements if "inspected_login" in each] == []
