"""The buttons of the start page: changes of persons, a merchant's plan, starting over."""

from collections.abc import Callable
from typing import Any

import pytest
from bs4 import Tag
from flask.testing import FlaskClient

from ..person_changes import EVENTS, NEW_PROFILE
from ..testing import BASIC_MERCHANT
from .conftest import Provider, Visitor, decoded
from .test_pages import at_home

Visit = Callable[..., Visitor]
ASKED = {"acr_values": "urn:vipps:acr:app_auth"}


def plan_form(browser: FlaskClient, client_id: str) -> Tag:
    """Return the form that changes a merchant's plan."""
    form = at_home(browser).page.one(f'#merchants input[value="{client_id}"]').find_parent("form")
    assert form
    return form


def change_plan(browser: FlaskClient, client_id: str = BASIC_MERCHANT.client_id) -> None:
    """Press the button of a merchant."""
    form = plan_form(browser, client_id)
    hidden = {str(field["name"]): str(field["value"]) for field in form.select("input")}
    assert browser.post(str(form["action"]), data=hidden).status_code == 303


@pytest.mark.parametrize(
    ("event", "person", "claim", "expected"),
    [
        ("new_email", "kari", "email", ["kari.new@example.com", "kari.newer@example.com", "kari.new@example.com"]),
        ("new_email", "gunnar", "email", ["gunnar.new@example.com"]),
        ("shared_email", "kari", "email", ["malik.kleist@example.com", "asa.bjorklov@example.com"]),
        ("new_name", "kari", "family_name", ["Solbakken", "Myhre", "Solbakken"]),
    ],
)
def test_each_event_changes_a_claim_also_when_repeated(
    browser: FlaskClient, provider: Provider, event: str, person: str, claim: str, expected: list[str]
) -> None:
    seen = []
    for _ in expected:
        at_home(browser).press(f"{person}/event", event=event)
        seen.append(provider.claims(person)[claim])
    assert seen == expected


def addresses(claims: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the type and the town of all addresses."""
    everything = [claims["address"], *claims["other_addresses"]]
    return [(address["address_type"], address["region"]) for address in everything]


def test_people_move_get_a_job_elsewhere_and_remove_their_addresses(browser: FlaskClient, provider: Provider) -> None:
    home = at_home(browser)
    home.press("kari/event", event="moved")
    assert addresses(provider.claims("kari")) == [("home", "TRONDHEIM"), ("work", "OSLO")]
    home.press("kari/event", event="moved")
    home.press("kari/event", event="new_work")
    claims = provider.claims("kari")
    assert addresses(claims) == [("home", "BODØ"), ("work", "OSLO")]
    assert claims["other_addresses"][0]["street_address"] == "Kontorgata 21\n4. etasje"
    home.press("kari/event", event="no_address")
    assert addresses(provider.claims("kari")) == [("", "")]
    home.press("kari/event", event="new_work")
    assert addresses(provider.claims("kari")) == [("work", "OSLO")]


def test_subject_survives_every_event_but_a_new_profile(browser: FlaskClient, provider: Provider, visit: Visit) -> None:
    before = provider.claims("ola")["sub"]
    for event in EVENTS:
        at_home(browser).press("ola/event", event=event)
    assert provider.claims("ola")["sub"] == before
    at_home(browser).press("ola/event", event=NEW_PROFILE)
    assert "Testbutikken" not in at_home(browser).page.one("#ola").get_text(), "the deleted profile still shares data"
    assert visit(scope="openid name").choose("ola").page.h1 == "Share with Testbutikken"
    assert provider.claims("ola")["sub"] != before


def test_page_shows_that_a_profile_was_recreated(browser: FlaskClient) -> None:
    row = at_home(browser).press("ola/event", event=NEW_PROFILE).page.one("#ola")
    assert row.select(".mark")
    assert "recreated" in row.get_text()


def test_new_email_address_has_to_be_confirmed_before_it_is_shared(browser: FlaskClient, visit: Visit) -> None:
    at_home(browser).press("kari/event", event="new_email")
    assert "kari.new@example.com" in visit(scope="openid email").choose("kari").page.text


def test_page_marks_who_is_changed_and_shows_what_is_known_now(browser: FlaskClient) -> None:
    assert "changed" not in at_home(browser).page.one("#persons").get_text()
    home = at_home(browser).press("kari/event", event="moved")
    assert [str(row["id"]) for row in home.page.select("#persons tr") if row.select(".mark")] == ["kari"]
    assert "Furulia 17, Bolig H0203, 7045 TRONDHEIM, NO" in home.page.one("#kari").get_text()
    assert home.page.one("#kari details").has_attr("open")


def test_confirmed_address_alone_does_not_count_as_a_change(browser: FlaskClient, provider: Provider) -> None:
    provider.claims("kari")
    provider.control("persons/kari", {"email_state": "confirmed"}, method="PATCH")
    assert not at_home(browser).page.select(".mark")


@pytest.mark.parametrize("path", ["/persons/unknown/event", "/plan"])
def test_button_for_an_unknown_person_or_merchant_is_not_found(browser: FlaskClient, path: str) -> None:
    token = at_home(browser).page.csrf_token()
    assert browser.post(path, data={"csrf_token": token, "client_id": "unknown"}).status_code == 404


def test_unknown_event_is_a_bad_request(browser: FlaskClient) -> None:
    token = at_home(browser).page.csrf_token()
    assert browser.post("/persons/kari/event", data={"csrf_token": token, "event": "wins"}).status_code == 400


def test_plan_decides_whether_the_app_is_asked_and_the_button_changes_it(
    browser: FlaskClient, provider: Provider, visit: Visit
) -> None:
    """Login API guide: in-app confirmation needs the advanced plan."""
    visit(BASIC_MERCHANT, scope="openid").choose("ola", remember="yes")
    assert visit(BASIC_MERCHANT, scope="openid", **ASKED).callback["code"], "basic: the remembered browser is enough"
    assert "acr" not in decoded(provider.tokens(request=ASKED)["id_token"])
    assert plan_form(browser, BASIC_MERCHANT.client_id).get_text().split()[:5] == [
        "Change", "the", "plan", "to", "advanced",
    ]  # fmt: skip
    change_plan(browser)
    assert visit(BASIC_MERCHANT, scope="openid", **ASKED).page.h1 == "Log in to Testbutikken"
    assert decoded(provider.tokens(request=ASKED)["id_token"])["acr"] == "urn:vipps:acr:app_auth"
    assert plan_form(browser, BASIC_MERCHANT.client_id).get_text().split()[:5] == [
        "Change", "the", "plan", "to", "basic",
    ]  # fmt: skip
    change_plan(browser)
    assert visit(BASIC_MERCHANT, scope="openid", **ASKED).callback["code"]


def test_starting_over_resets_all_data(browser: FlaskClient, visit: Visit) -> None:
    visit(scope="openid name").choose("ola", remember="yes").press("consent")
    home = at_home(browser).press("kari/event", event="moved")
    change_plan(browser)
    home.response = browser.get("/")
    home.press("start-over")
    assert "This browser remembers no person." in home.page.text
    assert not home.page.select(".mark")
    assert "Testbutikken" not in home.page.one("#ola").get_text()
    assert "Change the plan to advanced" in plan_form(browser, BASIC_MERCHANT.client_id).get_text(), (
        "the plan is basic again"
    )
    assert visit(scope="openid name").page.h1 == "Log in to Testbutikken"
