"""The pages for people: the start page with its controls, errors in the same layout, headers, languages."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ..testing import BASIC_MERCHANT
from .conftest import Provider, Visitor
from .pages import check_page

Visit = Callable[..., Visitor]


def at_home(browser: FlaskClient) -> Visitor:
    """Open the start page."""
    return Visitor(browser, browser.get("/"))


def test_start_page_shows_persons_merchants_and_endpoints(browser: FlaskClient) -> None:
    page = at_home(browser).page
    assert len(page.select("#persons tbody tr")) == 15
    assert [each.get_text() for each in page.select("#merchants h3")] == sorted(
        ["Bokskapet", "Den andre", "Fjellkaffe", "Testbutikken"]
    )
    discovery = "http://localhost:8001/access-management-1.0/access/.well-known/openid-configuration"
    assert discovery in [each.get_text() for each in page.select("#endpoints a")]


def test_a_merchant_with_an_account_page_can_be_visited(browser: FlaskClient, provider: Provider) -> None:
    link = "#merchants a[href='https://shop.example/account']"
    assert not at_home(browser).page.select(link)
    address = {"account_url": "https://shop.example/account"}
    provider.control(f"merchants/{provider.unit.client_id}", address, method="PATCH")
    assert at_home(browser).page.one(link).text == "Go to Testbutikken"


def test_start_page_shows_no_secret(browser: FlaskClient) -> None:
    assert BASIC_MERCHANT.client_secret not in at_home(browser).response.text


def test_number_can_be_swapped_and_the_subject_stays(browser: FlaskClient, provider: Provider) -> None:
    before = provider.claims("sindre")
    at_home(browser).press("sindre/number")
    after = provider.claims("sindre")
    assert (before["phone_number"], after["phone_number"]) == ("4790000016", "4790000116")
    assert before["sub"] == after["sub"]
    at_home(browser).press("sindre/number")
    assert provider.claims("sindre")["phone_number"] == "4790000016"


def test_start_page_names_the_companies_and_leads_to_every_phone(browser: FlaskClient, provider: Provider) -> None:
    provider.log_in("ola", {"scope": "openid name"})
    page = at_home(browser).page
    assert "Testbutikken" in page.one("#ola .grants").get_text()
    assert not page.select(".grants form")
    assert len(page.select('#persons a[href$="/phone"]')) == 15
    assert browser.get(str(page.one("#ola-phone")["href"])).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/forget", "/persons/ola/revoke", "/persons/ola/browsers/forget", "/persons/ola/deliveries/x/send",
        "/persons/sindre/number", "/persons/ola/event", "/plan", "/start-over",
    ],
)  # fmt: skip
def test_controls_need_their_token(browser: FlaskClient, path: str) -> None:
    assert browser.post(path).status_code == 400


def test_alive(browser: FlaskClient) -> None:
    assert browser.get("/healthz").json == {"status": "ok"}


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nowhere", 404), ("DELETE", "/", 405), ("GET", "/login/x/person", 405)]
)
def test_errors_have_the_same_layout(browser: FlaskClient, method: str, path: str, status: int) -> None:
    response = browser.open(path, method=method)
    assert response.status_code == status
    assert "nothing here is real" in check_page(response).text
    assert ("Allow" in response.headers) == (status == 405)


def test_fault_inside_shows_no_stack_trace(simulator: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    simulator.config.update(TESTING=False, PROPAGATE_EXCEPTIONS=False)
    simulator.logger.disabled = True
    monkeypatch.setattr("simulator.views.home_context", lambda *_: 1 / 0)
    response = simulator.test_client().get("/")
    assert response.status_code == 500
    assert check_page(response).h1 == "That did not work"
    assert "ZeroDivisionError" not in response.text


@pytest.mark.parametrize("path", ["/", "/persons/ola/phone", "/control/", "/login/x", "/nowhere", "/healthz"])
def test_headers_are_strict_everywhere(browser: FlaskClient, path: str) -> None:
    headers = browser.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"


def test_static_files_may_be_cached(browser: FlaskClient) -> None:
    for name in ("simulator.css", "devices.css", "phone.css", "icon.svg"):
        with browser.get(f"/static/{name}") as response:
            assert response.status_code == 200
            assert response.headers["Cache-Control"] != "no-store"


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("nb-NO,nb;q=0.9,en;q=0.5", "nb"),
        ("no", "nb"),
        ("nn-NO", "nb"),
        ("da-DK", "da"),
        ("sv", "sv"),
        ("fi-FI,fi;q=0.9,en;q=0.8", "fi"),
        ("de,en", "en"),
        ("", "en"),
    ],
)
def test_language_is_the_browsers(visit: Visit, browser: FlaskClient, accepted: str, language: str) -> None:
    browser.environ_base["HTTP_ACCEPT_LANGUAGE"] = accepted
    visitor = visit()
    assert visitor.page.one("html")["lang"] == language
    titles = {
        "en": "Log in to Testbutikken",
        "nb": "Logg inn hos Testbutikken",
        "da": "Log ind hos Testbutikken",
        "sv": "Logga in på Testbutikken",
        "fi": "Kirjaudu: Testbutikken",
    }
    assert visitor.page.h1 == titles[language]
    other = visitor.client.get("/", headers={"Accept-Language": accepted})
    assert f'<html lang="{language}"' in other.text


def test_person_can_pick_the_language_and_keeps_it(visit: Visit) -> None:
    visitor = visit(scope="openid delegatedConsents")
    link = next(str(each["href"]) for each in visitor.page.select(".languages a") if each["lang"] == "nb")
    visitor.response = visitor.client.get(visitor.response.request.path + link)
    assert visitor.page.h1 == "Logg inn hos Testbutikken"
    visitor.choose("kari")
    assert visitor.page.h1 == "Hold kontakten"
    assert "Gi meg tilpassede tilbud" in visitor.page.text


def test_merchant_cannot_pick_the_language(visit: Visit) -> None:
    """Vipps MobilePay Login FAQ: the merchant does not control the language."""
    assert visit(language="nb", ui_locales="nb").page.one("html")["lang"] == "en"


def test_a_demo_can_pass_on_the_language_that_the_person_chose_there(visit: Visit, browser: FlaskClient) -> None:
    visitor = visit(simulator_language="sv", scope="openid delegatedConsents")
    assert visitor.page.one("html")["lang"] == "sv"
    assert visitor.choose("kari").page.h1 == "Håll kontakten"
    assert visit(simulator_language="tlh").page.one("html")["lang"] == "sv"


def test_answer_reports_the_language_that_was_displayed(visit: Visit, provider: Provider) -> None:
    visitor = visit(scope="openid delegatedConsents").choose("kari")
    visitor.client.get("/?language=nb")
    code = visitor.press("consents").callback["code"]
    token = (provider.exchange(code).json or {})["access_token"]
    consents = (provider.userinfo(token).json or {})["delegatedConsents"]
    assert consents["language"] == "EN"
    assert consents["consents"][0]["textDisplayedToUser"] == "Email"
