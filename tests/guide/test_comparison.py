"""Two logins compared: the main difference in a sentence, then each difference in a table."""

from dataclasses import replace
from itertools import pairwise
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from app.guide.inspector.checks import CHECKS
from app.guide.inspector.comparison import difference_groups
from app.guide.inspector.timeline import build_timeline
from app.vipps.purposes import LoginPurpose
from tests.conftest import open_page, post
from tests.guide.steps import INDEX, kept_of
from tests.pages import Page
from tests.vipps_person import VippsPerson, led_on


def failing(*_: object) -> None:
    """Raise the error of a database that does not answer."""
    raise OperationalError("SELECT", {}, Exception("gone"))


def compared(browser: FlaskClient) -> Page:
    """Compare this browser's two newest logins."""
    boxes = open_page(browser, INDEX).select("input[name=login][checked]")
    query = "&".join(f"login={box['value']}" for box in boxes)
    return open_page(browser, f"/guide/inspector/compare?{query}")


def rows_of(page: Page) -> dict[str, list[str]]:
    """Return each difference by its name: its values in the earlier and in the later login."""
    rows = page.select(".compare tbody tr")
    names = [row.select("th > :first-child")[0].get_text() for row in rows]
    values = [[" ".join(cell.get_text(" ").split()) for cell in row.select("td")] for row in rows]
    return dict(zip(names, values, strict=True))


def test_two_logins_side_by_side_show_their_differences(vipps: VippsPerson) -> None:
    vipps.browser.get(vipps.approve(vipps.start(), "ola", action="deny"))
    vipps.log_in("kari")
    page = compared(vipps.browser)
    rows = rows_of(page)
    assert page.one(".lead").get_text() == (
        "The earlier one stopped at the check “Vipps approved the login: there is a code, and no error”;"
        f" the later one passed all {len(CHECKS)} checks."
    )
    assert rows["error"] == ["access_denied", "not there"]
    assert rows["token"] == ["nothing", "200"]
    assert rows["Vipps approved the login: there is a code, and no error"] == ["failed", "passed"]
    assert rows["The ID token is recent and has not expired (exp, iat)"] == ["not reached", "passed"]
    assert rows["customer_session"] == ["untouched", "1 row added"]
    assert "What was asked" not in page.text, "the requests differ only in random values"
    assert not {"state", "nonce", "code_challenge", "code", "login_attempt"} & set(rows)
    for odd in ("", "?login=1", "?login=x&login=y", "?login=1&login=2&login=3"):
        assert vipps.browser.get(f"/guide/inspector/compare{odd}").status_code == 303


def test_logins_of_two_persons_differ_in_their_claims(vipps: VippsPerson) -> None:
    vipps.log_in("kari")
    vipps.log_in("ola")
    page = compared(vipps.browser)
    assert page.one(".lead").get_text().startswith(f"Both passed all {len(CHECKS)} checks")
    rows = rows_of(page)
    assert len(set(rows["sub"])) == 2
    assert not {"token", "jwks.json", "The ID token is recent and has not expired (exp, iat)", "iss", "aud"} & set(rows)


def test_a_refresh_is_listed_by_its_purpose_and_differs_from_a_login_by_it(vipps: VippsPerson) -> None:
    vipps.log_in("kari")
    vipps.browser.get(vipps.approve(vipps.start(), "kari"))  # the shop knows the subject now
    started = post(vipps.browser, "/account/vipps/refresh", form_on="/account")
    vipps.browser.get(vipps.approve(led_on(vipps.browser, started), "kari"))
    newest = open_page(vipps.browser, INDEX).select(".login")[0]
    assert newest.select("h2")[0].get_text() == "Profile asked for again"
    assert newest.select("p")[-1].get_text().endswith("· Ask Vipps again for the profile")
    page = compared(vipps.browser)
    assert "later one as “Profile asked for again”." in page.one(".lead").get_text()
    rows = rows_of(page)
    assert rows["The purpose"] == ["Log in", "Ask Vipps again for the profile"]
    assert [name for name, (earlier, later) in rows.items() if earlier == later] == []


def test_every_purpose_has_an_outcome_of_its_own_and_equal_logins_have_no_difference(vipps: VippsPerson) -> None:
    vipps.log_in("kari")
    (kept,) = kept_of(vipps)
    with vipps.app.test_request_context():
        timelines = [
            build_timeline(replace(kept, start={**kept.start, "purpose": each}, callback={**kept.callback, **ended}))
            for each in LoginPurpose
            for ended in ({"purpose": each, "decision": None},)
        ]
        assert len({each.purpose for each in timelines}) == len(LoginPurpose)
        # Different purposes with the same result: members log in too, and both kinds re-authenticate.
        assert len({each.outcome for each in timelines}) == len(LoginPurpose) - 2
        for first, second in pairwise(timelines):
            assert [group.title for group in difference_groups(first, second)] == ["What it was for"]
            assert difference_groups(first, first) == []


def test_a_failed_check_shows_the_values_that_it_compared(vipps: VippsPerson) -> None:
    vipps.log_in("kari")
    vipps.browser.get(vipps.approve(vipps.start(), "kari", faults={"id_token": {"nonce": "another"}}))
    good, bad = rows_of(compared(vipps.browser))["The ID token belongs to this login (nonce)"]
    assert good.startswith("passed")
    assert good.count("characters)") == 2
    assert bad.startswith("failed")
    assert "the token says: " in bad


def test_callback_parameters_are_shown_unchanged(vipps: VippsPerson) -> None:
    for error in ("failed", "passed"):
        state = parse_qs(urlsplit(vipps.start()).query)["state"][0]
        vipps.browser.get(f"/login/vipps/callback?state={state}&error={error}")
    page = compared(vipps.browser)
    assert rows_of(page)["error"] == ["failed", "passed"]
    assert not page.select(".mark")


def test_a_database_failure_after_the_calls_is_named(vipps: VippsPerson, monkeypatch: pytest.MonkeyPatch) -> None:
    vipps.log_in("kari")
    callback = vipps.approve(vipps.start(), "kari")
    with monkeypatch.context() as broken:
        broken.setattr("app.customers.linking.account_links.resolve", failing)
        assert vipps.browser.get(callback).status_code == 503
    assert compared(vipps.browser).one(".lead").get_text().endswith("checks, and the database failed.")


def test_an_unfinished_login_can_be_compared_and_a_single_one_cannot(vipps: VippsPerson) -> None:
    vipps.log_in("kari")
    assert not open_page(vipps.browser, INDEX).select("input[name=login]")
    vipps.start()
    assert len(open_page(vipps.browser, INDEX).select("input[name=login]")) == 2
    page = compared(vipps.browser)
    assert page.one(".lead").get_text().endswith("; the later one has not come back from Vipps.")
    assert "What was checked" not in page.text
