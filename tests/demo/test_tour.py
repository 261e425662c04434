"""The tour: a step is ticked after it has happened in the shop, and a new browser has no ticks."""

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.customers.models import Customer, VippsLink
from app.database import db
from app.guide.chapters import chapter
from demo.missions import track
from demo.tour import STEPS, TRACK
from tests.conftest import browser_of, open_page, post
from tests.customers.revocation_steps import now, revoke
from tests.customers.steps import log_in as log_in_by_password
from tests.demo.test_missions import come_back, forge, prove
from tests.guide.steps import newest
from tests.vipps_person import VippsPerson, led_on

TOUR = "/demo/tour"
EIVIND = "eivind.dahl@example.com"
KARI = "kari.nordfjell@example.com"
INGRID = "ingrid.solheim@example.com"


def done(browser: FlaskClient) -> list[str]:
    """Return the steps that the page shows as done."""
    return [str(step["id"]) for step in open_page(browser, TOUR).select(".tour__step--done .tour__inside")]


def ticks(browser: FlaskClient) -> list[str]:
    """Return the steps in the browser's cookie."""
    cookie = browser.get_cookie("tour")
    return cookie.value.split(".") if cookie else []


def log_in_as_kari(vipps: VippsPerson) -> None:
    """Log in twice, so that a session is replaced; another browser changes a consent of another account."""
    for _ in range(2):
        vipps.log_in("kari")
    other = replace(vipps, browser=browser_of(vipps.app))
    log_in_by_password(other.browser, EIVIND)
    change_a_consent(other)


def connect(vipps: VippsPerson) -> None:
    log_in_by_password(vipps.browser, INGRID)
    response = post(vipps.browser, "/account/vipps/link", form_on="/account/vipps/link")
    vipps.browser.get(vipps.approve(led_on(vipps.browser, response), "fredrikke"))


def change_a_consent(vipps: VippsPerson) -> None:
    post(vipps.browser, "/account/consents", {"consent": "sms", "answer": "on"}, form_on="/account/consents")


def refresh(vipps: VippsPerson) -> None:
    vipps.log_in("kari")
    vipps.patch("persons/kari", {"phone_numbers": ["4790000111"]})
    response = post(vipps.browser, "/account/vipps/refresh", form_on="/account")
    vipps.browser.get(vipps.approve(led_on(vipps.browser, response), "kari"))


def end_the_sharing(vipps: VippsPerson) -> None:
    with vipps.app.app_context():
        subject = db.session.scalars(select(VippsLink.subject).join(Customer).where(Customer.email == KARI)).one()
    revoke(vipps.app, now() + timedelta(seconds=1), subject)


WALK = (
    log_in_as_kari, lambda vipps: newest(vipps.browser),
    lambda vipps: post(vipps.browser, "/logout", follow_redirects=True), prove,
    lambda vipps: come_back(vipps, action="deny"), connect, change_a_consent, refresh, end_the_sharing, forge,
)  # fmt: skip


def test_every_step_is_ticked_when_it_has_happened_and_not_before(vipps: VippsPerson) -> None:
    keys = [step.key for step in STEPS]
    for number, act in enumerate(WALK, start=1):
        act(vipps)
        assert done(vipps.browser) == keys[:number]
        assert ticks(vipps.browser) == keys[:number]
    assert len(open_page(vipps.browser, TOUR).select(".notice--success")) == 1
    assert done(browser_of(vipps.app)) == [], "another browser has done nothing"


def test_a_new_browser_has_no_tick_and_no_cookie(vipps: VippsPerson) -> None:
    vipps.log_in("kari")
    assert ticks(vipps.browser) == [], "a redirect looks for nothing"
    browser = browser_of(vipps.app)
    assert done(browser) == []
    post(browser, "/cart", {"product": "none"})
    assert ticks(browser) == []
    for cookie in ("session", "form"):
        vipps.browser.delete_cookie(cookie)
    lines = [open_page(each, "/").one(".tour-next") for each in (vipps.browser, browser)]
    assert lines[1].get_text() == "Next: Log in as Kari", "the shop caches no front page with one browser's line"
    assert [line["href"] for line in lines] == [f"{TOUR}#see_steps", f"{TOUR}#log_in"]


def test_a_page_looks_for_steps_only_after_a_write(either_vipps: VippsPerson, monkeypatch: pytest.MonkeyPatch) -> None:
    looks, find = list[object](), track.Track._find
    monkeypatch.setattr(track.Track, "_find", lambda *about: (looks.append(about), find(*about))[1])
    for act, expected in ((lambda: None, 0), (either_vipps.log_in, 1), (either_vipps.log_in, 2)):
        act()
        for _ in range(3):
            open_page(either_vipps.browser, TOUR)
        assert len(looks) == expected, "a new visitor costs no query"


@pytest.mark.parametrize(
    ("path", "failed", "expected"), [
        ("/guide/inspector/1", "", {"see_steps"}), ("/login/vipps/callback", "access_denied", {"say_no"}),
        ("/login/vipps/callback", "id_token_nonce", {"forged"}), ("/login/vipps/callback", "state_expired", set()),
    ],
)  # fmt: skip
def test_the_page_of_a_step_names_the_one_after_it(
    app: Flask, monkeypatch: pytest.MonkeyPatch, path: str, failed: str, expected: set[str]
) -> None:
    with app.test_request_context(path):
        monkeypatch.setattr(track, "failure", lambda: failed)
        assert TRACK.ticked() == expected


def test_a_cookie_with_unknown_names_is_ignored(client: FlaskClient) -> None:
    client.set_cookie("tour", "say_no.unknown..x")
    open_page(client, "/guide/inspector/1", 404)  # no such login
    assert done(client) == ["say_no"]
    assert ticks(client) == ["say_no"]


def test_every_step_leads_to_pages_that_exist(vipps: VippsPerson) -> None:
    assert len(STEPS) == 10
    for step in STEPS:
        assert chapter(step.chapter), step.key
        if not step.link.startswith("{simulator}/"):
            assert vipps.browser.get(step.link).status_code in (200, 302, 303), step.key


@pytest.mark.parametrize("path", ["/robots.txt", "/sitemap.xml", "/site.webmanifest", "/static/css/shop.css"])
def test_a_file_that_a_cache_may_share_sets_no_cookie(demo_app: Flask, path: str) -> None:
    browser = browser_of(demo_app)
    browser.set_cookie("tour", "revoke.log_in")
    with browser.get(path) as response:
        assert "Set-Cookie" not in response.headers
    assert "Set-Cookie" in browser.get("/").headers
