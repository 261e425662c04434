"""Worlds: each visitor has their own shop and simulator, which no other visitor can see or change."""

import os
import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import get_args

import pytest
import urllib3
from flask import Flask
from flask.testing import FlaskClient
from wtforms import SelectField

from app.security import limiter
from app.settings import Settings
from app.vipps.config import WEBHOOK_PATH
from demo import worlds
from demo.workshop import rooms_of
from demo.world_cookie import cookie_of
from demo.worlds import World, Worlds
from demo.worlds.own_settings import WorldSettingsForm
from samples.customers import PASSWORD
from tests.conftest import browser_of, free_port, open_page, post, served
from tests.customers.steps import register
from tests.vipps_person import VippsPerson
from wsgi import build_simulator


@pytest.fixture
def shop(make_app: Callable[..., Flask], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """Serve a shop with worlds, beside a simulator that is configured as `wsgi:simulator` is."""
    for module in ("wsgi", "demo.worlds", "demo.simulator"):
        monkeypatch.setattr(f"{module}.INSTANCE", tmp_path)
    shop_port, simulator_port = free_port(), free_port()
    urls = {"PUBLIC_URL": f"http://localhost:{shop_port}", "SIMULATOR_URL": f"http://localhost:{simulator_port}"}
    app = make_app(demo=True, DEMO_WORLDS="1", SECRET_KEY="a key with blanks " * 3, **urls)
    provider = build_simulator(app.extensions["settings"])
    with served(app, shop_port), served(provider, simulator_port):
        yield app
        worlds_of(app).close()
    provider.extensions["simulator"].close()


def worlds_of(app: Flask) -> Worlds:
    return app.extensions["demo.worlds"]


def visitor(app: Flask, name: str = "") -> VippsPerson:
    """Return a visitor's browser that has opened the front page, or returns to the world with this name."""
    browser = browser_of(app)
    if name:
        browser.set_cookie("world", cookie_of(app.extensions["settings"], name))
    else:
        browser.get("/")
    name = in_cookie(browser)
    return VippsPerson(app, browser, f"{app.extensions['settings'].simulator_url}/w/{name}")


def in_cookie(browser: FlaskClient) -> str:
    return browser.get_cookie("world").value.partition(".")[0]


def name_of(person: VippsPerson) -> str:
    return person.simulator.rpartition("/")[2]


def world_of(person: VippsPerson) -> World | None:
    return worlds_of(person.app).find(name_of(person))


def account(person: VippsPerson) -> int:
    return person.browser.get("/account").status_code


def test_two_visitors_log_in_as_kari_and_both_see_the_account_linked(shop: Flask) -> None:
    first, second = visitor(shop), visitor(shop)
    for each in (first, second):
        each.log_in("kari")
        assert "We found your account and connected it" in each.browser.get("/").text
    assert "is reset" not in second.browser.get("/").text
    assert post(first.browser, "/demo/start-over", form_on="/demo").status_code == 303
    assert "The shop and the simulator are reset" in first.browser.get("/demo").text
    assert [account(first), account(second)] == [303, 200]
    first.log_in("kari")
    assert account(first) == 200
    first.control("persons/kari/revoke", {"client_id": shop.extensions["settings"].client_id})
    assert [account(first), account(second)] == [303, 200], "a revocation ends only this visitor's session"
    post(first.browser, "/demo/start-over", form_on="/demo")
    assert not open_page(first.browser, "/demo/tour").select(".tour__step--done")


def test_the_resets_of_a_class_do_not_count_together(shop: Flask) -> None:
    statuses = [post(visitor(shop).browser, "/demo/start-over", form_on="/demo").status_code for _ in range(7)]
    assert statuses == [303] * 7


def test_a_visitor_changes_the_settings_of_their_own_world(shop: Flask) -> None:
    person, other = visitor(shop), visitor(shop)
    person.log_in("kari")
    changed = {"vipps_market": "DK", "vipps_consent_scope": "customFlow"}
    changed |= {"vipps_new_customers": "refuse", "passwords": "False"}
    assert post(person.browser, "/demo/settings", changed, form_on="/demo").status_code == 303
    chosen = open_page(person.browser, "/demo").select("#settings ~ form select > [selected]")
    assert {each.parent["name"]: each["value"] for each in chosen} == changed
    assert account(person) == 200, "the reset must not log the visitor out"
    assert "MobilePay" in person.browser.get("/privacy").text
    scopes = [
        re.search(r"scope=[^&]*%20(\w+)&", each.browser.get("/login/vipps").location)[1] for each in (person, other)
    ]
    assert scopes == ["customFlow", "delegatedConsents"]
    assert post(person.browser, "/demo/settings", {**changed, "vipps_market": "NZ"}, form_on="/demo").status_code == 400
    world_of(person).settings_file.write_text("{")  # a killed process may leave such a file
    assert person.browser.get("/demo").status_code == 200
    post(person.browser, "/demo/start-over", form_on="/demo")
    assert "delegatedConsents" in person.browser.get("/login/vipps").location, "a reset restores the settings"


def contents(world: World, person: VippsPerson) -> tuple[list[str], object]:
    with closing(sqlite3.connect(world.shop_file)) as connection:
        return list(connection.iterdump()), person.control("persons")


def test_the_teachers_reset_makes_a_new_copy_while_a_request_is_running(shop: Flask) -> None:
    kept = worlds_of(shop)
    world = kept.create()
    person = visitor(shop, world.id)
    first, built = contents(world, person), kept.shop(world)
    register(person.browser)
    person.log_in("kari")
    person.control("persons", {"like": "kari"})
    assert contents(world, person)[0] != first[0]
    with closing(sqlite3.connect(world.shop_file, isolation_level=None)) as running:
        running.execute("BEGIN")
        running.execute("SELECT * FROM customer").fetchone()
        assert kept.reset(world)
        running.execute("COMMIT")
        assert running.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert contents(world, person) == first
    assert kept.shop(world) is not built
    person.log_in("kari")
    assert "We found your account and connected it" in person.browser.get("/").text


def test_each_value_of_a_setting_is_a_choice(shop: Flask) -> None:
    with shop.test_request_context():
        for field in (each for each in WorldSettingsForm() if isinstance(each, SelectField)):
            kind = Settings.model_fields[field.name].annotation
            assert {each.value for each in field.choices} == set(get_args(kind) or ("True", "False")), field.name


def test_only_a_client_that_keeps_its_cookie_gets_a_world(shop: Flask) -> None:
    person = visitor(shop)
    assert "world=" not in str(browser_of(shop).get("/robots.txt").headers.getlist("Set-Cookie")), (
        "caches share this file"
    )
    for path in ("/healthz", "/static/icons/favicon.svg"):
        person.browser.get(path).close()
    assert world_of(person) is None, "the first page is the common shop's"
    discovery = f"{person.simulator}/access-management-1.0/access/.well-known/openid-configuration"
    assert urllib3.request("GET", discovery, retries=False).status == 404
    person.browser.get("/products/bread-knife")
    assert world_of(person)
    person.browser.get("/login")
    assert urllib3.request("GET", discovery, retries=False).status == 200
    for path in ("/", "/demo/missions/nonce"):
        person.browser.get(path)
    assert open_page(person.browser, "/").select(".mission-strip"), "the front page must not come from the shared cache"


def test_the_first_request_may_be_a_login_or_a_form(shop: Flask) -> None:
    browser = browser_of(shop)
    assert f"{shop.extensions['settings'].simulator_url}/w/" in browser.get("/login/vipps").location
    browser, ingrid = browser_of(shop), {"email": "ingrid.solheim@example.com", "password": PASSWORD}
    assert post(browser, "/login/password", ingrid, form_on="/login").status_code == 303
    assert browser.get("/account").status_code == 200


def test_a_restart_and_a_second_worker_know_the_world(shop: Flask, make_app: Callable[..., Flask]) -> None:
    person = visitor(shop)
    person.log_in("kari")
    settings = shop.extensions["settings"]
    other = make_app(
        DEMO_WORLDS="1",
        SECRET_KEY="a key with blanks " * 3,
        PUBLIC_URL=settings.public_url,
        SIMULATOR_URL=settings.simulator_url,
    )
    moved = browser_of(other)
    for short in ("world", "session"):
        moved.set_cookie(short, person.browser.get_cookie(short).value)
    assert moved.get("/account").status_code == 200
    worlds_of(other).close()


def test_a_cookie_that_names_no_world_is_replaced_and_a_malformed_one_beside_it_hides_none(shop: Flask) -> None:
    other = name_of(visitor(shop))  # the simulator's addresses have it
    for cookie in (other, f"{other}.x", "-", "../../etc", "a\x00aaaaaaaaaaaaaa"):
        person = visitor(shop)
        person.browser.set_cookie("world", cookie)
        assert person.browser.get("/").status_code == 200
        assert in_cookie(person.browser) != other
    person.browser.get("/login")
    cookie = person.browser.get_cookie("world")
    header = {"Cookie": f'prefs={{"a":1}}; latin=\xe5; {cookie.key}={cookie.value}'}
    response = shop.test_client(use_cookies=False).get("/login", headers=header)
    assert f"{cookie.key}=" not in str(response.headers.getlist("Set-Cookie"))


def test_new_worlds_are_limited_by_client_and_the_common_shop_answers_the_rest(shop: Flask) -> None:
    for _ in range(worlds.NEW_PER_CLIENT.amount):
        limiter.limiter.hit(worlds.NEW_PER_CLIENT, "new world", "127.0.0.1")
    person = visitor(shop)
    assert person.browser.get("/products/bread-knife").status_code == 200
    assert person.browser.post("/login/password").status_code == 503
    assert world_of(person) is None


def test_a_client_cannot_keep_the_process_busy_with_worlds_that_it_pushed_out(shop: Flask) -> None:
    person = visitor(shop)
    assert "world" in person.browser.get("/privacy").text
    for _ in range(worlds.BUILT_PER_CLIENT.amount):
        for kind in ("visit", "event"):
            limiter.limiter.hit(worlds.BUILT_PER_CLIENT, f"world built for a {kind}", "127.0.0.1")
    assert person.browser.post("/login/password").status_code == 400, "the request builds the world's shop"
    other = visitor(shop)
    assert other.browser.get("/login").status_code == 200
    assert world_of(other), "each client has its own limit of new worlds"
    worlds_of(shop)._open.clear()
    assert person.browser.post("/login/password").status_code == 503
    person.browser.post(f"{WEBHOOK_PATH}x.{name_of(person)}")
    assert name_of(person) not in worlds_of(shop)._open, "an event must not reopen the world's shop"


def test_a_concurrently_deleted_world_causes_no_server_error(shop: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    person = visitor(shop)
    monkeypatch.setattr(worlds_of(shop), "find", worlds.World)
    assert person.browser.get("/login").status_code == 503


def test_the_privacy_notice_names_the_cookies_of_worlds_and_the_workshop(shop: Flask) -> None:
    for browser in (browser_of(shop), visitor(shop).browser):
        names = [code.text.rpartition("-")[2] for code in open_page(browser, "/privacy").select("#cookies code")]
        assert ("world" in names, "workshop" in names, "teacher" in names) == (True, True, True), names
    assert "21 days" not in open_page(browser, "/privacy").one("#cookies").text
    worlds_of(shop).kept = lambda: [in_cookie(browser)]
    assert "21 days" in open_page(browser, "/privacy").one("#cookies").text, "a room's cookie lasts longer"


def test_worlds_are_bounded_and_old_ones_deleted(shop: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = worlds_of(shop)
    monkeypatch.setattr(worlds, "MAX_WORLDS", 2)
    monkeypatch.setattr(worlds, "MAX_OPEN", 1)
    old, room, new = kept.create(), kept.create(), kept.create()
    assert new is None, "no new world while all are in use"
    kept._background.submit(lambda: None).result()  # the background task uses the worlds once more
    assert old.simulator_file.exists()
    used_at = time.time() - worlds.IN_USE_SECONDS - 1
    for each, at in ((old, used_at), (room, used_at - 1)):
        os.utime(each.folder, (at, at))
    kept.kept = lambda: [room.id]
    kept.shop(room)
    assert kept.create()
    assert not old.simulator_file.exists()
    assert [kept.find(each.id) for each in (old, room)] == [None, room]
    monkeypatch.setattr(worlds, "MAX_WORLDS", 9)
    monkeypatch.setattr(worlds, "MAX_OPEN", 2)
    kept.shop(room)
    assert kept.create()
    arriving = kept.create()
    kept._background.submit(lambda: None).result()
    assert list(kept._open) == [room.id, arriving.id], "the apps of rooms are pushed out last"


def test_another_world_does_not_restart_the_counts_of_rate_limits(shop: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    limiter.limiter.hit(worlds.NEW_PER_CLIENT, "a test")
    before = limiter.limiter.get_window_stats(worlds.NEW_PER_CLIENT, "a test").remaining
    monkeypatch.setattr(limiter, "init_app", lambda app: pytest.fail("its storage would be new for a moment"))
    person, wrong = visitor(shop), {"email": "kari@example.com", "password": "wrong"}
    assert "X-RateLimit-Limit" in post(person.browser, "/login/password", wrong, form_on="/login").headers
    assert world_of(person)
    assert limiter.limiter.get_window_stats(worlds.NEW_PER_CLIENT, "a test").remaining == before


def test_spare_worlds_are_made_ahead(shop: Flask) -> None:
    kept = worlds_of(shop)
    kept.prepare(1)
    kept._background.submit(lambda: None).result()
    spare = kept._spare[0]
    assert kept.create() == spare
    assert spare.simulator_file.exists(), "the spare world has its simulator too"


def test_a_learner_of_a_room_has_the_rooms_world_and_keeps_it(shop: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    rooms = rooms_of(worlds_of(shop).workshop)
    (bad_day,) = [each for each in rooms.missions if each.id == "bad-day"]
    for language, title in (("en", "Vipps has a bad day"), ("nb", "Vipps har en dårlig dag")):
        with shop.test_request_context(headers={"Accept-Language": language}):
            assert str(bad_day.title) == title
    opened = rooms.create()
    path, person = f"/workshop/{opened.code}", visitor(shop)
    own = name_of(person)
    assert post(person.browser, path, {"nickname": "Ada"}, form_on=path).headers["Location"] == "/workshop/room"
    world = worlds_of(shop).find(in_cookie(person.browser))
    assert world.id != own
    person = visitor(shop, world.id)
    person.log_in("kari")
    assert "Ada" in person.browser.get("/account").text
    progress = lambda: rooms.learner_of(world.id).progress  # noqa: E731
    assert [each.mission for each in progress()] == ["log-in"], "the page after the login must record the mission"
    parts = [each["id"] for each in open_page(person.browser, "/demo/missions").select("section[id], h2[id^=part-]")]
    assert parts == ["part-A"], "the teacher has not opened the other parts"
    pages = [open_page(person.browser, f"/demo/missions/log-in{each}") for each in ("", "?hints=2")]
    hints = [len(each.select(".mission__hint")) for each in pages]
    assert (hints, [each.hints for each in progress()]) == ([0, 2], [2])
    os.utime(world.simulator_file, (0, 0))
    visitor(shop).log_in("kari")
    assert world.simulator_file.exists(), "a day without use does not delete the simulator's world"
    monkeypatch.setattr(worlds, "LIFETIME_SECONDS", -1)
    assert worlds_of(shop).create()
    assert worlds_of(shop).find(world.id), "a day without use does not delete a learner's world"
    rooms.pause(opened.code, True)
    assert person.browser.get("/account").headers["Location"] == "/workshop/room"
    rooms.end(opened.code)
    other, now = worlds_of(shop).create(), rooms.now()
    monkeypatch.setattr(rooms, "now", lambda: now + timedelta(days=8))
    monkeypatch.setattr(worlds, "_SWEEP_SECONDS", -1)
    worlds_of(shop)._open[other.id].touched = 0.0
    worlds_of(shop).shop(other)  # the room is deleted although no page of the workshop is opened
    worlds_of(shop)._background.submit(lambda: None).result()
    assert (rooms.find(opened.code), world.simulator_file.exists()) == (None, False)
    assert [*worlds.folder_of("").iterdir()] == [], "unused worlds are deleted too"
