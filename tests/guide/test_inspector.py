"""The inspector: a login told step by step to the browser it belongs to, without anything that opens a door."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, inspect, select, text
from sqlalchemy.exc import OperationalError

from app.customers.models import Customer, VippsLink
from app.customers.privacy import erasure
from app.customers.seed import DEMO_PASSWORD
from app.database import db, is_in_models, utcnow
from app.guide import source
from app.guide.clinic.ailments import AILMENTS
from app.guide.inspector import store, words
from app.guide.inspector.checks import CHECKS, Check
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


def failing(*_: object) -> None:
    """Be a database that does not answer."""
    raise OperationalError("SELECT", {}, Exception("gone"))


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


def kept_of(vipps: VippsPerson) -> Sequence[store.Inspected]:
    """Return what is kept of this browser."""
    cookie = vipps.browser.get_cookie("inspector")
    assert cookie
    with vipps.app.test_request_context(headers={"Cookie": f"inspector={cookie.value}"}):
        return store.of_this_browser()


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


def test_newest_login_has_an_address_of_its_own(vipps: VippsPerson) -> None:
    latest = f"{INDEX}/latest"
    assert vipps.browser.get(latest).headers["Location"] == INDEX
    vipps.log_in("ola")
    vipps.start()
    first, second = sorted(each.id for each in kept_of(vipps))
    assert vipps.browser.get(latest).headers["Location"] == f"{INDEX}/{second}"
    reference = next(each.reference for each in kept_of(vipps) if each.id == first)
    assert vipps.browser.get(f"{latest}?reference={reference}").headers["Location"] == f"{INDEX}/{first}"
    assert vipps.browser.get(f"{latest}?reference=nothing").headers["Location"] == INDEX
    assert browser_of(vipps.app).get(f"{latest}?reference={reference}").headers["Location"] == INDEX


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
    code = page.one(".ended code").get_text()
    assert REFUSALS[code].cause in page.text
    assert code not in page.h1
    assert page.select(".step--failed")


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.key)
def test_check_leads_to_the_one_line_that_makes_it(demo_app: Flask, check: Check) -> None:
    with demo_app.test_request_context():
        path, _, line = source.url(check.symbol, check.line).rpartition("#L")
    text_there = source.whole(path.removeprefix("/guide/source/")).splitlines()
    assert check.line in text_there[int(line) - 1]
    assert not text_there[int(line) - 1].lstrip().startswith(("def ", "@", "#", '"""'))


def test_checks_of_others_are_not_called_ours(vipps: VippsPerson) -> None:
    vipps.log_in("kari")
    links = {" ".join(each.get_text().split()) for each in newest(vipps.browser).select(".check a")}
    assert links == {each.where for each in CHECKS}
    assert next(each.where for each in CHECKS if each.key == "token_answer").endswith("Vipps checks it")


def test_state_of_nobody_is_told_to_a_browser_that_has_begun_a_login(vipps: VippsPerson) -> None:
    vipps.start()
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


def compared(browser: FlaskClient) -> Page:
    """Lay this browser's two newest logins side by side."""
    boxes = open_page(browser, INDEX).select("input[name=login][checked]")
    query = "&".join(f"login={box['value']}" for box in boxes)
    return open_page(browser, f"/guide/inspector/compare?{query}")


def rows_of(page: Page) -> dict[str, list[str]]:
    """Return how each difference was in the earlier and in the later login, by its name."""
    return {
        each.select("th code, th")[-1].get_text(): [" ".join(cell.get_text(" ").split()) for cell in each.select("td")]
        for each in page.select(".compare tbody tr")
    }


def test_two_logins_side_by_side_show_what_differed(vipps: VippsPerson) -> None:
    vipps.browser.get(vipps.approve(vipps.start(), "ola", action="deny"))
    vipps.log_in("kari")
    page = compared(vipps.browser)
    rows = rows_of(page)
    assert page.one(".lead").get_text() == (
        "The earlier one stopped at the check “Vipps says yes: there is a code, and no error”;"
        f" the later one passed all {len(CHECKS)} checks."
    )
    assert rows["error"] == ["access_denied", "not there"]
    assert rows["token"] == ["nothing", "200"]
    assert rows["Vipps says yes: there is a code, and no error"] == ["failed", "passed"]
    assert rows["It is fresh (exp, iat)"] == ["not looked at", "passed"]
    assert rows["customer_session"] == ["untouched", "1 row added"]
    assert "What was asked" not in page.text, "it was the same but for what is random"
    assert not {"state", "nonce", "code_challenge", "code", "login_attempt"} & set(rows)
    for odd in ("", "?login=1", "?login=x&login=y", "?login=1&login=2&login=3"):
        assert vipps.browser.get(f"/guide/inspector/compare{odd}").status_code == 303


def test_two_persons_side_by_side_differ_in_what_they_are(vipps: VippsPerson) -> None:
    vipps.log_in("kari")
    vipps.log_in("ola")
    page = compared(vipps.browser)
    assert page.one(".lead").get_text().startswith(f"Both passed all {len(CHECKS)} checks")
    rows = rows_of(page)
    assert len(set(rows["sub"])) == 2
    assert not {"token", "jwks.json", "It is fresh (exp, iat)", "iss", "aud"} & set(rows)


def test_what_came_back_is_shown_as_it_came_whatever_it_says(vipps: VippsPerson) -> None:
    for error in ("failed", "passed"):
        state = parse_qs(urlsplit(vipps.start()).query)["state"][0]
        vipps.browser.get(f"/login/vipps/callback?state={state}&error={error}")
    page = compared(vipps.browser)
    assert rows_of(page)["error"] == ["failed", "passed"]
    assert not page.select(".mark")


def test_a_database_that_failed_after_the_calls_is_called_that(
    vipps: VippsPerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    vipps.log_in("kari")
    callback = vipps.approve(vipps.start(), "kari")
    with monkeypatch.context() as broken:
        broken.setattr("app.customers.linking.settle", failing)
        assert vipps.browser.get(callback).status_code == 503
    assert compared(vipps.browser).one(".lead").get_text().endswith("checks, and the database failed.")


def test_login_that_is_still_away_can_be_compared(vipps: VippsPerson) -> None:
    vipps.log_in("kari")
    vipps.start()
    page = compared(vipps.browser)
    assert page.one(".lead").get_text().endswith("; the later one has not come back from Vipps.")
    assert "What was checked" not in page.text


def test_title_of_a_refused_login_is_the_clinics_or_what_the_customer_read(vipps: VippsPerson) -> None:
    response = post(vipps.browser, "/guide/errors/nonce_missing/try", form_on="/guide/errors")
    vipps.browser.get(vipps.approve(str(response.headers["Location"]), "ola", faults={"id_token": {"nonce": None}}))
    assert newest(vipps.browser).h1 == AILMENTS["nonce_missing"].title
    vipps.browser.get(vipps.approve(vipps.start(), "ola", faults={"id_token": {"nonce": "another"}}))
    assert newest(vipps.browser).h1 == REFUSALS["id_token_nonce"].page.title
    vipps.browser.get(vipps.approve(vipps.start(), "ola", action="deny"))
    assert newest(vipps.browser).h1 == AILMENTS["access_denied"].title
    assert "id_token_nonce" in [each.get_text() for each in open_page(vipps.browser, INDEX).select(".ended code")]


def test_tables_that_are_explained_exist(demo_app: Flask) -> None:
    with demo_app.app_context():
        assert set(words.TABLES) <= set(inspect(db.engine).get_table_names())


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


def kept_rows(vipps: VippsPerson) -> int:
    """Count the recorded logins of all browsers."""
    with vipps.app.app_context():
        return int(db.session.scalar(text("SELECT count(*) FROM inspected_login")) or 0)


def test_callbacks_that_nobody_began_are_not_kept(vipps: VippsPerson) -> None:
    vipps.start()
    for name, cookie in (("unknown", ""), ("invented", "an-inspector-cookie-that-we-never-made")):
        stranger = browser_of(vipps.app)
        if cookie:
            stranger.set_cookie(store.COOKIE, cookie)
        for state in (f"state=nobody-made-this-{name}&", ""):
            response = stranger.get(f"/login/vipps/callback?{state}code=x")
            assert "inspector=" not in str(response.headers.getlist("Set-Cookie"))
    assert kept_rows(vipps) == 1


def test_callback_of_one_login_makes_few_stories_in_whatever_browsers(vipps: VippsPerson) -> None:
    callback = vipps.approve(vipps.start(), "kari")
    for _ in range(store.PER_LOGIN + 2):
        browser_of(vipps.app).get(callback)
    assert kept_rows(vipps) == store.PER_LOGIN
    vipps.browser.get(callback)
    assert set(results(vipps.browser)) == {"passed"}, "its own browser's row is there already"


def test_callbacks_in_other_browsers_count_against_the_one_that_began(vipps: VippsPerson) -> None:
    other = browser_of(vipps.app)
    vipps.start(browser=other)
    for _ in range(6):
        callback = vipps.approve(vipps.start(), "kari")
        for _ in range(store.PER_LOGIN - 1):
            stranger = browser_of(vipps.app)
            stranger.get(callback)
            stranger.get("/login/vipps/callback?state=nobody-made-this-one&code=x")
    assert kept_rows(vipps) == store.PER_BROWSER + 1
    for _ in range(store.PER_BROWSER):
        vipps.start()
    assert kept_rows(vipps) == store.PER_BROWSER + 1, "no story outlives the login that pays for it"
    assert len(open_page(other, INDEX).select(".login")) == 1


def test_callbacks_of_nobody_write_nothing(vipps: VippsPerson) -> None:
    vipps.start()
    told: list[str] = []
    with vipps.app.app_context():
        engine = db.engine
    listen = (engine, "before_cursor_execute", lambda _c, _u, statement, *_: told.append(statement))
    event.listen(*listen)
    browser_of(vipps.app).get("/login/vipps/callback?state=nobody-made-this-one")
    event.remove(*listen)
    ours = {each.split()[0] for each in told if store.inspected_login.name in each}
    assert ours == {"SELECT", "PRAGMA"}


def test_logins_stay_when_their_person_logs_out_and_the_page_says_so(vipps: VippsPerson) -> None:
    vipps.log_in("kari")
    post(vipps.browser, "/logout", form_on="/account")
    page = open_page(vipps.browser, INDEX)
    assert page.select(".login")
    assert "stay when you log out" in page.one(".forget").get_text()


def test_logins_can_be_forgotten(vipps: VippsPerson) -> None:
    vipps.log_in("kari")
    assert post(vipps.browser, "/guide/inspector/forget", form_on=INDEX).status_code == 303
    assert not open_page(vipps.browser, INDEX).select(".login")
    assert vipps.browser.get_cookie(store.COOKIE) is None


def test_login_that_has_just_gone_well_leads_to_its_story_once(vipps: VippsPerson) -> None:
    vipps.log_in("kari")
    page = open_page(vipps.browser, "/account")
    link = page.one(f".flashes a[href^='{INDEX}/']")
    assert open_page(vipps.browser, str(link["href"])).h1.startswith("An account of yours was here already.")
    assert not open_page(vipps.browser, "/account").select(f"a[href^='{INDEX}/']")


def test_refused_login_is_not_announced(vipps: VippsPerson) -> None:
    vipps.browser.get(vipps.approve(vipps.start(), "kari", action="deny"))
    assert not open_page(vipps.browser, "/login").select(f".flashes a[href^='{INDEX}']")


def test_repeated_callback_is_not_announced_again(vipps: VippsPerson) -> None:
    callback = vipps.approve(vipps.start(), "kari")
    announced = []
    for _ in range(2):
        vipps.browser.get(callback)
        announced.append(len(open_page(vipps.browser, "/account").select(f".flashes a[href^='{INDEX}']")))
    assert announced == [1, 0]


def test_deleting_the_account_deletes_its_logins(vipps: VippsPerson) -> None:
    vipps.log_in("ola")
    with vipps.app.test_request_context():
        number = db.session.scalar(text("SELECT max(customer_id) FROM inspected_login"))
        erasure.erase(db.session.get(Customer, number))  # type: ignore[arg-type]
        db.session.commit()
    assert not open_page(vipps.browser, INDEX).select(".login")


def naming(vipps: VippsPerson, name: str) -> int:
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
    assert (naming(vipps, "Kari"), naming(vipps, "Ola")) == (2, 1)
    with vipps.app.test_request_context():
        erasure.erase(db.session.scalars(select(Customer).join(VippsLink)).first())  # type: ignore[arg-type]
        db.session.commit()
    assert (naming(vipps, "Kari"), naming(vipps, "Ola")) == (0, 1)


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
    assert naming(vipps, "") == 0


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
