"""The error playground: every button triggers its error in the visitor's own login, and in no other login."""

import pytest
import urllib3
from flask.testing import FlaskClient

from app.guide.faults import FAULT_CASES, FAULT_GROUPS, STARTERS, FaultCase, FaultGroup
from app.vipps import transport
from tests.conftest import browser_of, cookie_of, open_page, post
from tests.guide.steps import newest, recorded
from tests.pages import Page, check_page
from tests.vipps_person import VippsPerson, led_on

PLAYGROUND = "/guide/errors"


def pressed(vipps: VippsPerson, name: str, browser: FlaskClient | None = None) -> str:
    """Press a button of the error playground; return the authorization URL."""
    browser = browser or vipps.browser
    return led_on(browser, post(browser, f"{PLAYGROUND}/{name}/try"))


@pytest.mark.parametrize("group", [each for each in FAULT_GROUPS if each.comes_back], ids=lambda each: each.title)
def test_button_does_what_it_says(vipps: VippsPerson, monkeypatch: pytest.MonkeyPatch, group: FaultGroup) -> None:
    for case in group.cases:
        monkeypatch.setattr(transport, "CALL_SECONDS", 0.3 if case.name.endswith("_slow") else 5)
        browser = browser_of(vipps.app)
        response = browser.get(vipps.approve(pressed(vipps, case.name, browser), "ola"))
        if case.ends_as:
            assert response.status_code == case.ends_as.status, case.name
            assert check_page(response).h1 == case.ends_as.page.title.replace("%(brand)s", "Vipps")
            told = recorded(browser)
            assert (told["outcome"], told["refusal"]) == (case.title, case.refusal)
        else:
            while response.status_code == 303:
                response = browser.get(response.headers["Location"])
            assert not recorded(browser)["refusal"], case.name


@pytest.mark.parametrize(
    "case", [each for group in FAULT_GROUPS if not group.comes_back for each in group.cases if each.simulate],
    ids=lambda each: each.name,
)  # fmt: skip
def test_some_errors_end_on_the_providers_own_page(vipps: VippsPerson, case: FaultCase) -> None:
    response = urllib3.request("GET", pressed(vipps, case.name), redirect=False)
    assert response.status == 400
    assert newest(vipps.browser).h1 == "Not finished"


def test_repeated_callback_leads_to_the_same_place(vipps: VippsPerson) -> None:
    callback = vipps.approve(pressed(vipps, "callback_repeated"), "kari")
    again = vipps.browser.get(callback)
    assert (again.status_code, again.headers["Location"]) == (303, callback)
    assert again.headers["Cache-Control"] == "no-store"
    names = [cookie.partition("=")[0] for cookie in again.headers.getlist("Set-Cookie")]
    assert {cookie_of(vipps.app, "session"), cookie_of(vipps.app, "error-playground")} <= set(names), (
        "the repeated answer must keep the first answer's cookies"
    )
    second = vipps.browser.get(callback)
    assert second.headers["Location"] == "/guide/inspector"
    assert "had already answered this callback" in newest(vipps.browser).text
    assert open_page(vipps.browser, "/account").h1 == "My page"


@pytest.mark.parametrize("name", ["access_denied", "lost_cookie"])
def test_a_refusal_links_to_its_own_login_and_back_to_its_button(vipps: VippsPerson, name: str) -> None:
    refused = vipps.browser.get(vipps.approve(pressed(vipps, name), "ola"))
    vipps.browser.get(vipps.approve(vipps.start(), "ola"))  # another login is the newest
    inspector, playground = (str(each["href"]) for each in Page(refused.text).select(".refused__guide a"))
    assert playground == f"{PLAYGROUND}#{name}"
    shown = check_page(vipps.browser.get(inspector, follow_redirects=True))
    assert shown.h1 == FAULT_CASES[name].title
    lost = name == "lost_cookie"
    assert ("and sends its cookie" in shown.text, "without a cookie of this login" in shown.text) == (not lost, lost)
    assert ("UPDATE login_attempt no row" in shown.text) == lost


def test_only_a_login_of_the_playground_links_back_to_it(vipps: VippsPerson) -> None:
    pressed(vipps, "redirect_uri_unregistered")  # this login never comes back
    refused = vipps.browser.get(vipps.approve(vipps.start(), "ola", action="deny"))
    (link,) = Page(refused.text).select(".refused__guide a")
    assert str(link["href"]).startswith("/guide/inspector/latest?")
    vipps.log_in("kari")
    pressed(vipps, "callback_repeated")  # started and abandoned
    started = post(vipps.browser, "/account/vipps/refresh", form_on="/account")
    refused = vipps.browser.get(vipps.approve(led_on(vipps.browser, started), "kari", action="deny"))
    assert refused.status_code == 403, "a callback for another account is refused"
    assert len(Page(refused.text).select(".refused__guide a")) == 1


def test_a_fault_belongs_to_one_login_of_one_visitor_and_its_cookie_is_on_the_privacy_page(vipps: VippsPerson) -> None:
    other = browser_of(vipps.app)
    pressed(vipps, "server_error")
    given = {each.key for each in vipps.browser._cookies.values()}
    listed = {each.get_text() for each in open_page(vipps.browser, "/privacy").select("#cookies code")}
    assert {cookie_of(vipps.app, "inspector"), cookie_of(vipps.app, "error-playground")} <= given <= listed
    assert vipps.log_in("ola", browser=other).status_code == 303
    assert vipps.log_in("ola").status_code == 303


def test_the_page_shows_every_fault_folded_and_suggests_three(vipps: VippsPerson) -> None:
    page = open_page(vipps.browser, PLAYGROUND)
    assert [str(each["id"]) for each in page.select(".fault")] == list(FAULT_CASES)
    assert len(page.select(".fault form")) == sum(each.can_be_tried for each in FAULT_CASES.values()) >= 30
    assert "Vipps does not answer" in page.one("#token_slow").get_text()
    folds = page.select("details.fold")
    assert [fold.has_attr("open") for fold in folds] == [True] + [False] * (len(FAULT_GROUPS) - 1)
    counts = [int(fold.select(".fold__count")[0].get_text()) for fold in folds]
    assert counts == [len(fold.select(".fault")) for fold in folds]
    buttons = [str(form["action"]) for form in page.select(".starters form")]
    assert buttons == [f"{PLAYGROUND}/{name}/try" for name in STARTERS]


def test_an_unknown_button_is_not_found_and_each_needs_a_token(vipps: VippsPerson) -> None:
    for name in ("unheard-of", "stuck_on_the_phone"):
        assert post(vipps.browser, f"{PLAYGROUND}/{name}/try").status_code == 404
    assert vipps.browser.post(f"{PLAYGROUND}/server_error/try").status_code == 400


def test_each_fault_of_the_id_token_says_how_to_fix_it() -> None:
    (group,) = [each for each in FAULT_GROUPS if each.title == "In the ID token"]
    fixes = {case.fix for case in group.cases}
    assert len(fixes) == len(group.cases)
    assert not [fix for fix in fixes if fix.startswith("Refuse.")]
