"""The inspector: a login shown step by step, with the line of code that makes each check."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, inspect

from app.database import db
from app.guide import source
from app.guide.faults import FAULT_CASES
from app.guide.inspector import recorded_names, store
from app.guide.inspector.checks import CHECKS, Result, check_results
from app.guide.inspector.timeline import in_brand
from app.vipps.errors import REFUSALS
from tests.conftest import browser_of, open_page, post
from tests.guide.steps import INDEX, kept_of, newest, recorded, results
from tests.vipps_person import VippsPerson, led_on


def failed_check(browser: FlaskClient) -> str:
    """Return the only failed check, after checking that all earlier checks passed and no later check ran."""
    checks = recorded(browser)["checks"]
    at = next(i for i, each in enumerate(checks) if each["result"] == "failed")
    assert {each["result"] for each in checks[:at]} <= {"passed"}
    assert {each["result"] for each in checks[at + 1 :]} <= {"not_reached"}
    return str(checks[at]["check"])


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


def test_a_recorded_login_is_shown_to_its_own_browser_only(vipps: VippsPerson) -> None:
    vipps.log_in()
    links = [str(a["href"]) for a in open_page(vipps.browser, "/guide/inspector").select("main a")]
    (link,) = {each for each in links if re.fullmatch(r"/guide/inspector/\d+", each)}
    stranger = browser_of(vipps.app)
    vipps.log_in("ola", browser=stranger)  # so this browser has its own recordings
    for path in (link, f"{link}.json", f"/guide/inspector/compare?login={link.rpartition('/')[2]}&login=1"):
        assert vipps.browser.get(link).status_code == 200
        assert stranger.get(path).status_code == 404
    assert "Kari Sandvik" not in stranger.get("/guide/inspector").text


def test_the_brand_is_that_of_the_settings(make_app: Callable[..., Flask], simulator: str) -> None:
    shop = make_app(demo=True, SIMULATOR_URL=simulator, VIPPS_BRAND="mobilepay")
    vipps = VippsPerson(shop, browser_of(shop), simulator)
    vipps.log_in("kari")
    page = newest(vipps.browser)
    words = page.one("article").get_text()
    assert not re.search("Vipps(?!-|’? ?Login API guide)", words), "except in names of headers and documents"
    assert "the brand MobilePay" in vipps.browser.get("/guide/faq").text
    with shop.app_context():
        assert in_brand("Vipps’ API (Vipps MobilePay): Vipps-Id") == "MobilePay’s API (Vipps MobilePay): Vipps-Id"


def test_a_login_is_shown_from_the_button_to_the_page(vipps: VippsPerson) -> None:
    vipps.log_in("kari", "/account")
    page = newest(vipps.browser)
    titles = [each.get_text() for each in page.select(".step__title")]
    assert titles[:4] == [
        "You press the button", "The shop stores the login", "The shop sends you to Vipps", "Vipps asks you",
    ]  # fmt: skip
    assert titles[6:8] == ["The shop claims the login", "The shop exchanges the code"]
    assert titles[-2:] == ["Which customer is this?", "You’re redirected to your page"]
    assert set(results(vipps.browser)) == {"passed"}
    assert f"The shop made {len(CHECKS)} checks" in page.text
    assert [each["id"] for each in page.select("article section > h2")] == ["steps", "checks"]
    assert "PKCE" in page.text
    assert "INSERT customer_session" in page.text
    assert "DELETE login_attempt" not in page.text, "a statement that changed no row is not shown"
    assert len(page.select("svg.sequence a")) == len(titles)
    assert [str(each["href"]) for each in page.select("svg.sequence a")] == [
        f"#{each['id']}" for each in page.select(".step > .step__inside")
    ]
    assert "built-in" not in page.text


def test_a_login_is_explained_down_to_its_values(vipps: VippsPerson) -> None:
    vipps.log_in("kari")
    page = newest(vipps.browser)
    assert "You already had an account here. It was connected to your Vipps user" in page.h1
    assert "Vipps and we have both verified the same email address." in page.one(".decision").get_text()
    calls = {call["url"].rsplit("/", 1)[-1]: call for call in recorded(vipps.browser)["callback"]["calls"]}
    claims = calls["token"]["id_token"]["claims"]
    assert claims["aud"]
    assert claims["sub"] == calls["userinfo"]["answer"]["sub"]
    assert calls["userinfo"]["answer"]["phone_number"] == "4790000011"
    tags = [each.get_text() for each in page.select(".named .tag")]
    assert {"openid", "name", "phoneNumber", "email", "address", "delegatedConsents"} <= set(tags)
    facts = [each.get_text(" ", strip=True) for each in page.select(".check__fact")]
    sent, came = [each for each in facts if "43 characters" in each][-2:]
    assert sent.removeprefix("we sent ") == came.removeprefix("the token says "), "the nonces look equal"
    assert {" ".join(each.get_text().split()) for each in page.select(".check a")} == {each.where for each in CHECKS}
    assert next(each.where for each in CHECKS if each.key == "token_answer").endswith("Vipps checks it")


def test_claims_that_could_not_be_read_are_logged_and_shown_by_name(
    vipps: VippsPerson, capsys: pytest.CaptureFixture[str]
) -> None:
    vipps.patch("persons/gunnar", {"phone_numbers": ["90000018"]})
    vipps.log_in("gunnar")
    page = newest(vipps.browser)
    shown = next(each for each in page.select(".notice") if "could not read" in each.get_text())
    assert [code.get_text() for code in shown.select("code")] == ["phone_number"]
    assert "90000018" not in shown.get_text()
    line = next(each for each in capsys.readouterr().err.splitlines() if "claims_unreadable" in each)
    assert json.loads(line)["problems"] == ["phone_number"]


@pytest.mark.parametrize(
    ("wishes", "check"), [({"action": "deny"}, "code"), ({"faults": {"id_token": {"nonce": "another"}}}, "nonce")],
)  # fmt: skip
def test_a_refused_login_shows_where_it_stopped(vipps: VippsPerson, wishes: dict[str, Any], check: str) -> None:
    callback = vipps.approve(vipps.start(), "ola", **wishes)
    assert vipps.browser.get(callback).status_code >= 400
    assert failed_check(vipps.browser) == next(each.title for each in CHECKS if each.key == check)
    page = newest(vipps.browser)
    code = page.one(".ended code").get_text()
    assert page.select(".lead")[0].get_text().startswith(REFUSALS[code].cause)
    assert code not in page.h1
    assert page.select(".step--failed")


def test_a_check_leads_to_the_one_line_that_makes_it(demo_app: Flask) -> None:
    for check in CHECKS:
        with demo_app.test_request_context():
            path, _, number = source.url(check.symbol, check.line).rpartition("#L")
        line = source.read(path.removeprefix("/guide/source/")).splitlines()[int(number) - 1]
        assert check.line in line, check.key
        assert not line.lstrip().startswith(("def ", "@", "#", '"""')), check.key


def recording(failure: str, *urls: str) -> dict[str, Any]:
    """Return a recorded callback that ended in a refusal after calls to these addresses."""
    calls = [{"url": url, "id_token": None, "answer": None} for url in urls]
    return {"failure": failure, "calls": calls, "query": []}


def test_a_refusal_fails_its_check_and_passes_the_ones_before_it() -> None:
    for position, check in enumerate(CHECKS):
        urls = ["/token", "/userinfo"][: (position >= 6) + (position >= 17)]
        for code in check.codes:
            results = [each.result for each in check_results(None, recording(code, *urls))]
            assert results[:position] == [Result.PASSED] * position, (check.key, code)
            assert results[position] is Result.FAILED, (check.key, code)
            assert set(results[position + 1 :]) <= {Result.NOT_REACHED}, (check.key, code)


def test_a_login_without_a_failure_passes_every_check_and_a_repeated_callback_makes_none() -> None:
    assert {each.result for each in check_results(None, recording("", "/token", "/userinfo"))} == {Result.PASSED}
    assert check_results(None, recording("")) == []


def test_an_unknown_state_is_shown_to_a_browser_that_has_started_a_login(vipps: VippsPerson) -> None:
    vipps.start()
    vipps.browser.get("/login/vipps/callback?state=invented-invented&code=x")
    assert failed_check(vipps.browser) == CHECKS[0].title
    assert recorded(vipps.browser)["start"] is None
    page = newest(vipps.browser)
    assert "The shop finds no login that this browser could claim." in page.text
    failed = [each.get_text() for each in page.select(".step--failed .step__title")]
    assert failed[0] == "The shop looks for the login"


def test_only_starts_and_callbacks_of_logins_are_recorded(vipps: VippsPerson) -> None:
    assert "state=" in vipps.browser.get("/language/nb?next=/%3Fstate%3Dnot-a-login").headers["Location"]
    vipps.browser.get("/language/en")
    assert not open_page(vipps.browser, INDEX).select(".login")
    callback = vipps.approve(vipps.start("/cart"), "kari")
    page = newest(vipps.browser)
    assert page.h1 == "Not finished"
    assert [each.get_text() for each in page.select(".step__title")][-1] == "Vipps asks you"
    for _ in range(2):
        vipps.browser.get(callback)
    assert "had already answered this callback" in newest(vipps.browser).text
    assert results(vipps.browser) == []
    assert len(open_page(vipps.browser, INDEX).select(".login")) == 2, "a repeated callback is a separate recording"


def test_a_callback_in_another_browser_is_that_browsers_recording(vipps: VippsPerson) -> None:
    callback = vipps.approve(vipps.start(), "kari")
    stranger = browser_of(vipps.app)
    stranger.get(callback)
    assert failed_check(stranger) == CHECKS[1].title
    assert recorded(stranger)["start"] is None
    assert newest(vipps.browser).h1 == "Not finished"


def test_the_title_of_a_refused_login_is_the_fault_cases_or_the_customer_pages(vipps: VippsPerson) -> None:
    response = post(vipps.browser, "/guide/errors/nonce_missing/try", form_on="/guide/errors")
    vipps.browser.get(vipps.approve(led_on(vipps.browser, response), "ola", faults={"id_token": {"nonce": None}}))
    assert newest(vipps.browser).h1 == FAULT_CASES["nonce_missing"].title
    vipps.browser.get(vipps.approve(vipps.start(), "ola", faults={"id_token": {"nonce": "another"}}))
    assert newest(vipps.browser).h1 == REFUSALS["id_token_nonce"].page.title
    vipps.browser.get(vipps.approve(vipps.start(), "ola", action="deny"))
    assert newest(vipps.browser).h1 == FAULT_CASES["access_denied"].title
    assert "id_token_nonce" in [each.get_text() for each in open_page(vipps.browser, INDEX).select(".ended code")]


def test_tables_that_are_explained_exist(demo_app: Flask) -> None:
    with demo_app.app_context():
        assert set(recorded_names.TABLES) <= set(inspect(db.engine).get_table_names())


def test_a_successful_login_is_announced_once(vipps: VippsPerson) -> None:
    links, callback = f".flashes a[href^='{INDEX}']", vipps.approve(vipps.start(), "kari")
    vipps.browser.get("/language/nb")
    vipps.browser.get(callback)
    (link,) = open_page(vipps.browser, "/account").select(links)
    assert link.get_text().endswith("(på engelsk)")
    assert open_page(vipps.browser, str(link["href"])).h1.startswith("Du hadde allerede en konto her.")
    vipps.browser.get(callback)
    assert not open_page(vipps.browser, "/account").select(links), "the link is shown only once"
    vipps.log_in("kari", next_path=INDEX)
    assert not open_page(vipps.browser, INDEX).select(links)
    refused = browser_of(vipps.app)
    refused.get(vipps.approve(vipps.start(browser=refused), "kari", action="deny"))
    assert not open_page(refused, "/login").select(links), "the refusal's own page has the link"


def test_an_error_in_the_inspector_does_not_affect_the_login(
    vipps: VippsPerson, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(store, "save_half", lambda *_, **__: 1 / 0)
    assert vipps.log_in("kari", "/account").status_code == 303
    assert open_page(vipps.browser, "/account").h1 == "My page"
    assert "inspection_failed" in "".join(capfd.readouterr())


def test_there_is_no_inspector_without_the_demo(make_app: Any, simulator: str) -> None:
    app = make_app(demo=True, SIMULATOR_URL=simulator, DEMO="0")
    vipps = VippsPerson(app, browser_of(app), simulator)
    statements: list[str] = []
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *about: statements.append(about[2]))
    vipps.log_in("kari")
    assert vipps.browser.get(INDEX).status_code == 404
    assert [each for each in statements if "inspected_login" in each] == []
