"""The missions: the steps in the hints solve each mission, earlier steps do not, and the texts are complete."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.database import db
from app.guide import source
from app.guide.chapters import chapter
from demo import missions
from demo.missions import MISSION_PARTS, MISSIONS, TEXT_LANGUAGES, noticing, track
from demo.missions.noticing import SeenLogin, StoredFacts, all_hold
from demo.sqlite_files import read_only
from samples.customers import PASSWORD
from tests.conftest import browser_of, open_page, post
from tests.customers.revocation_steps import MINUTE, now, revoke, send
from tests.customers.steps import link_in, log_in_by_form, mails
from tests.guide.steps import kept_of
from tests.staff.steps import at_work, search
from tests.vipps_person import VippsPerson

PROVE = "/login/vipps/prove"
LIST = "/demo/missions"
AT = datetime(2026, 11, 20, tzinfo=UTC)


def come_back(vipps: VippsPerson, person: str = "kari", fault: str = "", **wishes: Any) -> None:
    """Log in with one fault, or with wishes for the simulator."""
    vipps.browser.get(vipps.approve(vipps.start() + (f"&simulate={fault}" if fault else ""), person, **wishes))


def log_in(vipps: VippsPerson) -> None:
    vipps.log_in("kari")


def count_calls(vipps: VippsPerson) -> str:
    return str(len((kept_of(vipps)[0].callback or {})["calls"]))


def find_nonce(vipps: VippsPerson) -> str:
    return str(dict((kept_of(vipps)[0].start or {})["location_query"])["nonce"])[:4]


def find_sub(vipps: VippsPerson, letters: int | None = 8) -> str:
    token = next(call["id_token"] for call in (kept_of(vipps)[0].callback or {})["calls"] if call["id_token"])
    return str(token["claims"]["sub"])[:letters]


def two_tabs(vipps: VippsPerson) -> None:
    first, second = vipps.start(), vipps.start()
    for url in (second, first):
        vipps.browser.get(vipps.approve(url, "kari"))


def say_no(vipps: VippsPerson) -> None:
    come_back(vipps, action="deny")
    come_back(vipps, fault="wrong_challenge")


def forge(vipps: VippsPerson) -> None:
    for fault in ("signature_wrong", "issuer_of_token_wrong", "nonce_wrong"):
        come_back(vipps, fault=fault)


def send_a_letter(vipps: VippsPerson) -> None:
    browser_of(vipps.app).get(vipps.approve(vipps.start(), "kari"))


def steal_a_code(vipps: VippsPerson) -> None:
    first, second = (vipps.approve(vipps.start(), "kari") for _ in range(2))
    codes = [callback.partition("code=")[2].partition("&")[0] for callback in (first, second)]
    vipps.browser.get(second.replace(codes[1], codes[0]))


def replay(vipps: VippsPerson) -> None:
    callback = vipps.approve(vipps.start(), "kari")
    for _ in range(2):
        vipps.browser.get(callback)


def have_a_bad_day(vipps: VippsPerson) -> None:
    come_back(vipps, fault="token_500")
    assert log_in_by_form(vipps.browser, "ingrid.solheim@example.com", PASSWORD).status_code == 303


def look_up(vipps: VippsPerson) -> None:
    come_back(vipps, action="deny")
    assert search(at_work(vipps.app), kept_of(vipps)[0].reference).select("#reports")


def prove(vipps: VippsPerson) -> None:
    vipps.log_in("ola")
    post(vipps.browser, PROVE, {"password": PASSWORD}, form_on=PROVE)


def take_the_account_back(vipps: VippsPerson) -> None:
    vipps.log_in("anne")
    post(vipps.browser, f"{PROVE}/mail", form_on=PROVE)
    path = link_in(mails(vipps.app, "prove_ownership", "anne.marja@example.com")[0], "login/vipps/prove")
    post(vipps.browser, path, form_on=path)


def get_a_recycled_number(vipps: VippsPerson) -> None:
    vipps.log_in("amalie")


def use_the_address_of_another(vipps: VippsPerson) -> None:
    vipps.patch("persons/jonas", {"email": "malik.kleist@example.com"})
    vipps.log_in("jonas")


def get_a_new_name(vipps: VippsPerson) -> None:
    vipps.patch("persons/kari", {"family_name": "Solbakken"})
    vipps.log_in("kari")
    name = str(open_page(vipps.browser, "/account/profile").one(".proposal input[value=keep]")["name"])
    post(vipps.browser, "/account/profile/proposals", {name: "keep"}, form_on="/account/profile")


def say_yes_then_no(vipps: VippsPerson) -> None:
    come_back(vipps, "sindre", consents={"email": True})
    post(vipps.browser, "/account/consents", {"consent": "email", "answer": "off"}, form_on="/account/consents")


def end_the_sharing(vipps: VippsPerson) -> None:
    vipps.log_in("kari")
    revoke(vipps.app, now() + MINUTE / 2, find_sub(vipps, None))


def forge_an_event(vipps: VippsPerson) -> None:
    send(vipps.app, b"no event", 400)


WALK: dict[str, Callable[[VippsPerson], str | None]] = {
    "log-in": log_in, "server-calls": count_calls, "nonce": find_nonce, "sub": find_sub, "shorter": log_in,
    "two-tabs": two_tabs, "say-no": say_no, "other-shop": lambda vipps: come_back(vipps, fault="audience_wrong"),
    "forgeries": forge, "letter": send_a_letter, "stolen-code": steal_a_code, "replay": replay,
    "bad-day": have_a_bad_day, "reference": look_up, "proof": prove, "stranger": take_the_account_back,
    "recycled-number": get_a_recycled_number, "take-over": use_the_address_of_another, "new-name": get_a_new_name,
    "yes-then-no": say_yes_then_no, "end-sharing": end_the_sharing, "forged-event": forge_an_event,
}  # fmt: skip


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let the missions read the simulator's database in this test's folder."""
    monkeypatch.setattr(track, "INSTANCE", tmp_path)
    return tmp_path


def solved_in(folder: Path, answer: str = "") -> list[str]:
    with read_only(folder / "shop.sqlite") as shop, read_only(folder / "simulator.sqlite") as simulator:
        assert shop
        is_solved = missions.solved_in(shop, simulator, track.EVER, answer)
        return [key for key, mission in MISSIONS.items() if is_solved(mission)]


def shown_as_solved(browser: FlaskClient) -> list[str]:
    page = open_page(browser, LIST)
    return [str(row["href"]).rpartition("/")[2] for row in page.select(".missions .tour__step--done a")]


def test_each_mission_is_solved_by_its_walk_and_not_before(vipps: VippsPerson, files: Path) -> None:
    assert list(WALK) == list(MISSIONS)
    assert [solved_in(files, answer) for answer in ("", "0", "2")] == [[]] * 3, "no mission is solved in a new shop"
    asked = [key for key, mission in MISSIONS.items() if mission.asks]
    for number, (key, act) in enumerate(WALK.items()):
        before = [each for each in list(MISSIONS)[:number] if each not in asked]
        assert set(solved_in(files)) <= set(before), key  # the inspector keeps a browser’s newest logins only
        answer = act(vipps)
        if answer:
            assert key not in solved_in(files, "wrong")
            assert key in solved_in(files, answer)
            response = post(vipps.browser, f"{LIST}/{key}", {"answer": answer}, form_on=f"{LIST}/{key}")
            assert response.status_code == 303, key
        else:
            assert key in solved_in(files), key
        assert shown_as_solved(vipps.browser) == list(MISSIONS)[: number + 1], "the browser's next page shows it"
    assert shown_as_solved(browser_of(vipps.app)) == []


@pytest.mark.parametrize("key", MISSIONS)
def test_each_mission_needs_no_other_one_but_a_login_as_kari(key: str, vipps: VippsPerson, files: Path) -> None:
    vipps.log_in("kari")
    assert key in solved_in(files, WALK[key](vipps) or "")


@pytest.mark.parametrize("key", MISSIONS)
def test_each_mission_has_its_texts_its_code_and_its_chapter(key: str) -> None:
    mission = MISSIONS[key]
    assert chapter(mission.chapter)
    assert mission.part in [part.key for part in MISSION_PARTS]
    assert [len(mission.text(code).hints) for code in TEXT_LANGUAGES] == [3, 3]
    for code in TEXT_LANGUAGES:
        text = mission.text(code)
        for each in (text.title, text.goal, text.why, text.after, *text.hints):
            assert each.strip(), code
            assert "%(" not in each % {"brand": "Vipps"}
    assert all(source.find(name).text for name in mission.code)
    assert {name for each in mission.solved for name in each} <= noticing.PREDICATES.keys()


def login(minute: int, state: str = "a", failure: str = "", calls: int = 1) -> SeenLogin:
    call = {"url": "/userinfo", "answer": {}, "id_token": None}
    return SeenLogin(state, AT + minute * MINUTE, "", None, {}, {"failure": failure, "calls": [call] * calls})


@pytest.mark.parametrize(
    ("condition", "logins", "expected"), [
        ({"replay": True}, [login(1), login(2, calls=0)], True),
        ({"replay": True}, [login(1), login(2, "b", calls=0)], False),  # another login
        ({"replay": True}, [login(1), login(2)], False),  # the shop asked Vipps again
        ({"three_refusals": ["x", "y", "z"]}, [login(1, failure=each) for each in "xyz"], True),
        ({"three_refusals": ["x", "y", "z"]}, [login(1, failure=each) for each in "xyyxw"], False),
        ({"password_after": "vipps_*"}, [login(1, failure="vipps_timeout")], True),
        ({"password_after": "vipps_*"}, [login(9, failure="vipps_timeout")], False),  # the password came first
        ({"password_after": "vipps_*"}, [login(1, failure="state_used")], False),
        ({"refusal": "x"}, [login(-1, failure="x")], False),  # before the mission was opened
        ({"answer": "nonce"}, [login(1)], False),
    ],
)  # fmt: skip
def test_a_near_miss_does_not_count(condition: Any, logins: list[SeenLogin], expected: bool, app: Flask) -> None:
    with app.app_context():
        stored = StoredFacts(db.session.connection(), None, AT, "abcd")
    session = SimpleNamespace(method="password", created_at=AT + 5 * MINUTE)
    vars(stored).update(logins=logins, _rows={"session": [session]})
    assert all_hold([condition], stored) is expected


def test_the_bar_shows_the_mission_that_was_opened_last(vipps: VippsPerson, files: Path) -> None:
    strip = ".mission-strip"
    vipps.log_in("kari")
    assert not open_page(vipps.browser, "/").select(strip)
    assert not vipps.browser.get_cookie("missions"), "a visitor who opens no mission gets no cookie"
    assert "You have solved" not in open_page(vipps.browser, f"{LIST}/say-no").text
    come_back(vipps, action="deny")
    assert open_page(vipps.browser, "/").one(strip).get_text().startswith("Mission 7 of 22: Two ways to say no")
    assert open_page(vipps.browser, "/").select(f"{strip} a[href='{LIST}/say-no#hints']")
    come_back(vipps, fault="wrong_challenge")
    assert open_page(vipps.browser, "/").one(strip).get_text().startswith("✓ Solved: Two ways to say no")
    page = open_page(vipps.browser, f"{LIST}/say-no")
    assert len(page.select("figure.source")) == len(MISSIONS["say-no"].code)
