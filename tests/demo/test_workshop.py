"""The workshop: rooms, learners, the teacher's board, verdicts, and what a learner's own shop shows of the room."""

import csv
import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import inspect, text

from app.settings import load
from demo.missions import MISSIONS as TRACK
from demo.missions import track
from demo.workshop import BoardMission, add_to_world, board, codes, create_workshop, learner, rooms, store
from demo.workshop import teacher as pages
from tests.conftest import ENVIRONMENT, allowed_by, browser_of, open_page, post
from tests.demo.test_missions import find_nonce, shown_as_solved
from tests.demo.workshop_class import MISSIONS, Class, FakeWorlds, shown, solve
from tests.vipps_person import VippsPerson


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Class]:
    made = Class(tmp_path)
    yield made
    made.rooms.engine.dispose()


@pytest.mark.parametrize(
    ("typed", "read"),
    [("BKRT47", "BKRT47"), (" bkrt 47 ", "BKRT47"), ("bkrt-47", "BKRT47"), ("BKRT4", ""), ("BKRT477", ""),
     ("AKRT47", ""), ("BKRT41", ""), ("", ""), ("B" * 5000, ""), ("../..", "")],
)  # fmt: skip
def test_a_typed_room_code(typed: str, read: str) -> None:
    assert codes.read_room_code(typed) == read


def test_codes_and_words_have_their_size() -> None:
    assert (len(set(codes.LETTERS)), len(set(codes.DIGITS)), len(set(codes.WORDS))) == (20, 8, 512)
    assert all(word.isascii() and word.isalpha() and 3 <= len(word) <= 7 for word in codes.WORDS)
    assert codes.read_room_code(codes.new_room_code())
    assert {*codes.new_words().split()} <= {*codes.WORDS}
    assert codes.read_words(" Fjell-KOPP,  ugle. ") == "fjell kopp ugle"


def test_the_workshop_exists_in_the_demo_only(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="demo"):
        create_workshop(FakeWorlds(tmp_path), tmp_path, settings=load({**ENVIRONMENT, "DEMO": "0"}))


# ---------- learners ----------


def test_a_learner_continues_in_another_browser(room: Class) -> None:
    first, world = room.join("Ada")
    words = open_page(first, "/workshop/room").one(".workshop__words").get_text()
    assert codes.read_words(words) == room.learner(world).words
    other, path = room.browser(), f"/workshop/{room.code}"
    typed = words.upper().replace(" ", "-")
    other.set_cookie("tour", "log_in")
    assert post(other, f"{path}/return", {"words": typed}, form_on=path).headers["Location"] == "/workshop/room"
    cookie = room.cookie(other)
    assert cookie.value.startswith(f"{world.id}.")
    assert (cookie.http_only, cookie.same_site) == (True, "Lax")
    assert not other.get_cookie("tour")
    assert open_page(other, path).h1 == "Hello, Ada"  # a learner of the room does not join again
    assert (len(room.worlds.all), room.worlds.prepared) == (1, rooms.SPARE_WORLDS + 1)


JOINS: list[tuple[str, str, str]] = [
    ("empty", " \u200b ", "Please write a nickname."),
    ("long", "x" * 25, "at most 24"),
    ("taken", "ADA", "Another learner has this nickname"),
    ("full", "Bo", "This room is full"),
    ("full server", "Bo", "This room is full"),
    ("no world", "Bo", "This room is full"),
    ("ended", "Bo", "This room has ended"),
    ("closed", "Bo", "This room is closed to new learners"),
]


@pytest.mark.parametrize(("case", "nickname", "told"), JOINS, ids=[each[0] for each in JOINS])
def test_joining_is_refused(room: Class, monkeypatch: pytest.MonkeyPatch, case: str, nickname: str, told: str) -> None:
    room.join("Ada")
    path, client = f"/workshop/{room.code}", room.browser()
    open_page(client, path)
    room.worlds.is_full = case == "no world"
    if case in ("full", "full server"):
        monkeypatch.setattr(rooms, "MAX_LEARNERS" if case == "full" else "MAX_LEARNERS_IN_ALL", 1)
    if case in ("ended", "closed"):
        room.press({"ended": "end", "closed": "close-door"}[case])
        assert not open_page(client, path).select("#nickname")
    page = shown(post(client, path, {"nickname": nickname}, form_on="/workshop/" + room.code))
    assert told in page.text
    assert (room.worlds.made, room.cookie(client)) == (1, None)


def test_a_learner_who_comes_too_late_leaves_no_world(room: Class, monkeypatch: pytest.MonkeyPatch) -> None:
    create = room.worlds.create
    monkeypatch.setattr(room.worlds, "create", lambda: (room.rooms.end(room.code), create())[1])
    with pytest.raises(rooms.RefusedError, match="ended"):
        room.rooms.join(room.code, "Ada")
    assert (room.worlds.made, room.worlds.all) == (1, {})


def test_wrong_codes_and_words_are_limited_together_and_right_ones_pass(
    room: Class, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, world = room.join("Ada")
    client, path = room.browser(), f"/workshop/{room.code}"
    verdicts = lambda words: client.post(f"{path}/verdicts", json={**SENT, "words": words}).status_code  # noqa: E731
    come_back = lambda words: post(client, f"{path}/return", {"words": words}, form_on=path).status_code  # noqa: E731
    tries: list[Callable[[], int]] = [lambda: client.get("/workshop/BBBB22").status_code]
    tries += [lambda: come_back("no such words"), lambda: verdicts("no such words")]
    answers = [tries[number % 3]() for number in range(allowed_by(learner.WRONG_TRIES))]
    assert {*answers} == {404}
    assert [each() for each in tries] == [429] * 3
    words = room.learner(world).words
    assert [client.get(path).status_code, verdicts(words), come_back(words)] == [200, 200, 303]
    *site, last = [{"REMOTE_ADDR": f"2001:db8::{n:x}:0:0:0:1"} for n in range(allowed_by(learner.MAX_WRONG_TRIES) + 1)]
    assert {client.get("/workshop/BBBB22", environ_overrides=each).status_code for each in site} == {404}
    # Otherwise an attacker with many networks could find the right code by further attempts.
    assert room.browser().get(path, environ_overrides=last).status_code == 429
    assert client.get("/workshop/room", environ_overrides=last).status_code == 200


def test_a_refused_nickname_keeps_no_other_learner_out(room: Class) -> None:
    path, client = f"/workshop/{room.code}", room.browser()
    token = open_page(client, path).select("[name=csrf_token]")[0]["value"]
    for _ in range(allowed_by(learner.JOINS) + 1):
        assert client.post(path, data={"csrf_token": token, "nickname": ""}).status_code == 200
    room.join("Ada")


def test_nothing_about_the_browser_is_stored(room: Class, tmp_path: Path) -> None:
    client, path = room.browser(), f"/workshop/{room.code}"
    client.environ_base.update(REMOTE_ADDR="203.0.113.77", HTTP_USER_AGENT="Unusual/77")
    post(client, path, {"nickname": "Ada"}, form_on=path)
    room.board()
    stored = b"".join(each.read_bytes() for each in tmp_path.glob("workshop.sqlite*"))
    assert b"Ada" in stored
    assert not any(each in stored for each in (b"203.0.113", b"Unusual"))


def test_a_learner_leaves(room: Class) -> None:
    client, _world = room.join("Ada")
    client.set_cookie("missions", "nonce")
    post(client, "/workshop/room/leave", form_on="/workshop/room")
    assert not client.get_cookie("missions"), "the next learner at this computer has no ticks"
    assert (room.worlds.all, room.rows()) == ({}, [])
    assert client.get("/workshop/room").headers["Location"] == "/workshop"


def test_the_ranking_is_shown_to_learners_only_if_it_is_on(room: Class) -> None:
    client, _ = room.join("Ada")
    _, world = room.join("Bo")
    solve(world, "one")
    room.board()
    assert "Bo" not in open_page(client, "/workshop/room").text
    room.press("ranking", on="1")
    assert "Bo: 1" in open_page(client, "/workshop/room").text
    room.rooms.hide(room.learner(world), True)
    assert "Bo: 1" not in open_page(client, "/workshop/room").text


# ---------- the teacher ----------


def test_a_teachers_link_is_not_used_up_by_opening_it_and_works_once(room: Class) -> None:
    path = room.rooms.new_link()
    link, browser, late = f"/workshop/teach/open/{path}", room.browser(), room.browser()
    wrong = [late.get(f"{link}x").status_code for _ in range(allowed_by(pages.WRONG_LINKS) + 1)]
    assert wrong == [404] * (len(wrong) - 1) + [429]
    for _ in range(3):
        assert open_page(late, link).h1 == "The teacher’s link"
    assert post(browser, link, form_on=link).headers["Location"] == "/workshop/teach"
    assert open_page(browser, "/workshop/teach").h1 == "Your rooms"
    assert post(late, link, form_on="/workshop/" + room.code).status_code == 429  # the old link no longer works
    post(browser, "/workshop/teach/log-out", form_on="/workshop/teach")
    assert browser.get("/workshop/teach").status_code == 403


def test_a_command_prints_a_teachers_link(
    room: Class, make_app: Callable[..., Flask], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("demo.classroom.INSTANCE", tmp_path)
    monkeypatch.setattr("demo.worlds.INSTANCE", tmp_path / "worlds")
    result = make_app().test_cli_runner().invoke(args=["workshop", "link"])
    assert (result.exit_code, "DEMO_WORLDS=1" in result.output) == (1, True)
    printed = make_app(DEMO_WORLDS="1").test_cli_runner().invoke(args=["workshop", "link"]).output
    assert room.rooms.has_link(printed.strip().rpartition("/")[2])


def test_another_browser_sees_no_page_of_the_teacher(room: Class) -> None:
    client, world = room.join("Ada")
    values = {"code": room.code, "number": room.learner(world).id, "action": "end"}
    rules = [each for each in room.app.url_map.iter_rules() if each.endpoint.startswith("teacher.")]
    closed = [each for each in rules if each.endpoint not in ("teacher.link", "teacher.use_link")]
    assert len(closed) >= 9
    for rule in closed:
        given = {**values, "action": "reset"} if "number" in rule.arguments else values
        with room.app.test_request_context():
            path = room.app.url_for(rule.endpoint, **{name: given[name] for name in rule.arguments})
        response = post(client, path, form_on="/workshop/room") if "POST" in rule.methods else client.get(path)
        assert response.status_code == 403, path
        assert "Ada" not in response.text
    assert room.teacher.post(f"{room.board_path}/end").status_code == 400, "without a token"
    assert (room.rooms.find(room.code).ended_at, room.worlds.reset_ids) == (None, [])


# The steps run one after the other, in one room.
CHANGES: list[tuple[str, dict[str, str], str, object]] = [
    ("pause", {}, "is_paused", True),
    ("message", {"message": " Look <b>up</b>\n" + "x" * 400}, "message", "Look <b>up</b> " + "x" * 265),
    ("next-part", {"shown": "2"}, "open_parts", 1),  # the page was outdated
    ("next-part", {"shown": "x"}, "open_parts", 1),
    ("next-part", {"shown": "1"}, "open_parts", 2),
    ("next-part", {"shown": "2"}, "open_parts", 2),  # the last part
    ("ranking", {"on": "1"}, "has_ranking", True),
    ("ranking", {"on": "0"}, "has_ranking", False),
    ("close-door", {}, "is_closed", True),
    ("open-door", {}, "is_closed", False),
]


def test_the_buttons_of_the_board(room: Class) -> None:
    for action, values, name, value in CHANGES:
        assert room.press(action, **values).headers["Location"] == room.board_path
        assert getattr(room.rooms.find(room.code), name) == value, (action, values)
    assert "Open part" not in room.board().text


def test_a_learner_is_renamed_hidden_and_reset(room: Class) -> None:
    room.join("Ada")
    _, world = room.join("<b>Rude</b>")
    path = f"{room.board_path}/learners/{room.learner(world).id}"
    assert room.rows()[1][0] == "<b>Rude</b>"
    press: Callable[..., Any] = lambda action, **values: post(  # noqa: E731
        room.teacher, f"{path}/{action}", values, form_on="/workshop/teach", follow_redirects=True
    )
    for nickname in ("", "ada"):
        assert "another learner has it" in shown(press("rename", nickname=nickname)).text
    for nickname in ("KIND", "Kind"):  # a learner's own name does not count as taken
        assert shown(press("rename", nickname=nickname)).h1 == nickname
    press("hide")
    assert [row[0] for row in room.rows()] == ["Ada"]
    assert "Kind" in room.board().text
    press("show")
    solve(world, "one")
    assert room.rows()[1][:2] == ["Kind", "1"]
    before, words = room.learner(world).since, room.learner(world).words
    room.rooms.note_solved([(room.learner(world).id, "two", before)])
    room.wait(minutes=1)
    press("reset")
    assert room.worlds.reset_ids == [world.id]
    room.rooms.note_solved([(room.learner(world).id, "one", before)])  # was checked before the reset
    after = room.learner(world)
    assert (after.words, after.progress, after.since > before) == (words, [], True)


def test_a_removed_learner_can_join_again_only_while_the_door_is_open(room: Class) -> None:
    client, world = room.join("Ada")
    _, other = room.join("Bo")
    room.rooms.save_feedback(room.learner(world), ["a", "b", "c"])
    path = f"{room.board_path}/learners/{room.learner(world).id}/remove"
    assert post(room.teacher, path, form_on="/workshop/teach").headers["Location"] == room.board_path
    assert ([row[0] for row in room.rows()], list(room.worlds.all)) == (["Bo"], [other.id])
    assert everything(room)["feedback"] == 0
    assert client.get("/workshop/room").headers["Location"] == "/workshop"
    room.press("close-door")
    assert "This room is closed to new learners" in room.board("/projector").text
    assert not open_page(client, f"/workshop/{room.code}").select("#nickname")
    room.press("open-door")
    room.join("Ada")


def test_a_learner_who_is_removed_while_they_are_reset_is_gone(room: Class, monkeypatch: pytest.MonkeyPatch) -> None:
    _, world = room.join("Ada")
    mine, reset = room.learner(world), room.worlds.reset
    path = f"{room.board_path}/learners/{mine.id}/reset"
    monkeypatch.setattr(room.worlds, "reset", lambda world: (room.rooms.leave(mine), reset(world)))
    assert post(room.teacher, path, form_on="/workshop/teach").status_code == 404
    assert room.rows() == []


def test_a_room_of_an_earlier_version_goes_on(room: Class, tmp_path: Path) -> None:
    _, world = room.join("Ada")
    room.rooms.record(world.id, "one", hints=2)
    with room.rooms.writing() as session:
        for table, column, _ in store.NEWER_COLUMNS:
            session.execute(text(f"ALTER TABLE {table} DROP {column}"))
        session.execute(text("ALTER TABLE learner ADD seen_at DATETIME NOT NULL DEFAULT ''"))
    room.rooms.engine.dispose()
    newer = store.Store(tmp_path)
    newer.engine.dispose()
    assert room.rooms.find(room.code).is_closed is False
    room.rooms.record(world.id, "one", wrong="x")
    assert "seen_at" not in {each["name"] for each in inspect(room.rooms.engine).get_columns("learner")}
    (row,) = room.learner(world).progress
    assert (row.hints, row.wrong, row.last_wrong) == (2, 1, "x")


# ---------- the learner's certificate and download ----------


def test_a_learner_takes_home_their_own_missions_until_the_room_is_deleted(
    room: Class, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board, "CHECK_EVERY", timedelta(seconds=-1))
    room.clock = datetime(2026, 11, 20, 12, tzinfo=UTC)
    room.rooms.missions = (*MISSIONS, BoardMission("nonce", "Fourth mission", "A"))
    (ada, world), (bo, _) = room.join("<b>Ada</b>"), room.join("Bo")
    home = "/workshop/room"
    links = [str(each["href"]) for each in open_page(ada, home).select("[aria-labelledby=take-home] a")]
    assert links == [f"{home}/certificate", f"{home}/notes.md"]
    solve(world, "one")
    shown_to = [open_page(each, links[0]).text for each in (ada, bo)]
    assert ["1 solved mission" in each for each in shown_to] == [True, False], "needs no open board"
    room.wait(days=1)
    room.rooms.record(world.id, "nonce", solved=True)
    for stage, told in (("10", "safe"), ("2", "safe"), ("3", "unsafe")):
        room.rooms.save_verdicts(room.code, room.learner(world).words, stage, [{"case": "a", "verdict": told}], False)
    room.rooms.hide(room.learner(world), True)
    room.press("end")
    room.wait(days=6.9)
    solve(world, "two")  # the room has ended
    page, other = open_page(ada, links[0]), open_page(bo, links[0])
    assert [each.get_text() for each in page.select(".certificate li")] == ["First mission", "Fourth mission"]
    assert all(each in page.text for each in ("<b>Ada</b>", "Build track: 2, 10 ", "21 November 2026"))
    assert (other.one(".certificate__name").get_text(), other.select(".certificate li")) == ("Bo", [])
    assert "Kursbevis" in ada.get(links[0], headers={"Accept-Language": "nb"}).text
    notes = [each.get(links[1]).text for each in (ada, bo)]
    assert ["Find the nonce (solved)" in each for each in notes] == [True, False]
    assert "Ada" not in notes[0]
    monkeypatch.setattr(rooms, "CLEANUP_SECONDS", -1)
    room.wait(days=0.2)
    assert [each.get(link).headers["Location"] for each in (ada, room.browser()) for link in links] == ["/workshop"] * 4


# ---------- feedback ----------


def test_feedback_has_no_names_and_can_be_changed(room: Class) -> None:
    path, clients = "/workshop/room/feedback", {name: room.join(name)[0] for name in ("Ada", "Bo", "Cy")}
    room.press("end")
    assert "This room has ended" in open_page(clients["Ada"], "/workshop/room").text
    assert not room.board("/projector").select(".projector__qr")  # a room that has ended invites no learners
    sent = [("Ada", "zebra", ""), ("Bo", "changed", ""), ("Bo", "=1+1 <b>\nnext</b>", "all"), ("Cy", "x" * 501, "")]
    sent += [("Cy", "gone", ""), ("Cy", " ", "")]
    statuses = [
        post(clients[name], path, {"first": first, "third": third}, form_on=path).status_code
        for name, first, third in sent
    ]
    assert statuses == [303, 303, 303, 200, 303, 303]
    assert open_page(clients["Bo"], path).one("#first").get_text().strip() == "=1+1 <b> next</b>"
    page = room.board("/feedback")
    assert "2 learners answered." in page.text
    assert [each.get_text() for each in page.select("main li")] == ["=1+1 <b> next</b>", "zebra", "all"]
    assert not {"Ada", "Bo", "Cy"} & {*page.text.split()}
    rows = list(csv.reader(io.StringIO(room.teacher.get(f"{room.board_path}/board.csv").text)))
    assert rows[-2:] == [["", "'=1+1 <b> next</b>", "", "all"], ["", "zebra", "", ""]]
    room.rooms.hide(room.rooms.find(room.code).learners[0], True)
    assert "zebra" not in room.board("/feedback").text
    assert room.browser().get(path).headers["Location"] == "/workshop"


# ---------- the board ----------


def test_the_board_shows_recorded_results(room: Class) -> None:
    _, ada = room.join("Ada")
    _, bo = room.join("Bo")
    room.wait(minutes=2)
    solve(ada, "one", "three")  # the third is in a part that is not open
    room.rooms.record(bo.id, "two", hints=2)
    room.rooms.record(bo.id, "two", hints=1)
    for mission in ("three", "no such mission"):
        room.rooms.record(bo.id, mission, solved=True)
    room.rooms.record("no such world", "one", solved=True)
    assert room.rows() == [
        ["Ada", "1", "solved in minute 2′", "in progress · 0 min"],
        ["Bo", "0", "not solved", "in progress · 0 min 2 hints"],
    ]
    room.press("next-part", shown="1")
    room.wait(minutes=1)
    room.rooms.record(bo.id, "two", solved=True)
    assert room.rows() == [
        ["Ada", "2", "solved in minute 2′", "in progress · 0 min", "solved in minute 3′"],
        ["Bo", "1", "in progress · 0 min", "solved in minute 3′ 2 hints", "not solved"],
    ]
    projector = room.board("/projector").text
    assert "1 of 2" in projector
    assert not {"Ada", "Bo"} & {*projector.split()}


def test_a_world_is_checked_only_after_a_change_and_by_one_page_at_a_time(room: Class) -> None:
    _, world = room.join("Ada")
    room.board()
    seen = room.checks
    assert seen == 2
    room.board()
    assert room.checks == seen
    solve(world, "one")
    for _ in range(3):
        open_page(room.teacher, room.board_path)  # within the pause between two checks
    assert room.checks == seen
    room.board()
    assert room.checks == seen + 2
    world.shop_file.unlink()  # a world that is being recreated
    assert room.rows()[0][1] == "1"
    world.shop_file.write_bytes(b"not a database")
    assert room.rows()[0][1] == "1"
    world.shop_file.unlink()
    solve(world, "two")
    assert room.rows()[0][1] == "2", "it is checked again"


def test_a_learners_pages_ask_for_them_only_when_a_check_is_due(room: Class, monkeypatch: pytest.MonkeyPatch) -> None:
    _, world = room.join("Ada")
    watcher, learner_of = board.MissionWatcher(room.rooms, room.solved_in), room.rooms.learner_of
    asked: list[str] = []
    monkeypatch.setattr(room.rooms, "learner_of", lambda name: (asked.append(name), learner_of(name))[1])
    for _ in range(3):
        watcher.check_world(world.id)
    assert (asked, room.readers, room.checks) == ([world.id], 1, 2)


def test_learners_who_are_stuck_come_first(room: Class) -> None:
    _, bo, cy, di = (room.join(name)[1] for name in ("Ada", "Bo", "Cy", "Di"))
    for mission in ("one", "two"):
        room.rooms.record(di.id, mission, solved=True)  # this learner has solved every mission
        room.rooms.record(cy.id, mission)
        room.wait(seconds=1)
    for _ in range(6):
        room.wait(minutes=1)
        room.rooms.record(bo.id, "one", hints=2)  # this learner opens a page repeatedly
    room.rooms.record(cy.id, "one")  # this learner goes back to an earlier mission
    room.press("ranking", on="1")
    assert [row[0] for row in room.rows()] == ["Ada 6 min at mission 1", "Bo 5 min at mission 1", "Di", "Cy"]
    room.press("ranking", on="0")
    assert room.rows()[2] == ["Cy", "0", "in progress · 0 min", "not solved"]
    page = room.board()
    assert "2 learners have been at one mission for 5 minutes" in page.text
    missions = [each.get_text().split(" · ", 1)[1] for each in page.select(".workshop__legend li")]
    assert missions == ["1 of 4 solved it · 3 learners are working on it now · 2 hints", "1 of 4 solved it"]
    room.press("end")
    assert [row[0] for row in room.rows()] == ["Ada", "Bo", "Cy", "Di"]


def test_a_pause_does_not_count_as_time_at_a_mission(room: Class) -> None:
    _, world = room.join("Ada")
    room.wait(minutes=2)
    for action in ("pause", "pause", "go-on"):  # the second click changes nothing
        assert room.rows()[0][0::2] == ["Ada", "in progress · 2 min"]
        room.press(action)
        room.wait(minutes=2)
    assert room.rows()[0][0::2] == ["Ada", "in progress · 4 min"]
    room.rooms.record(world.id, "one", solved=True)
    room.wait(minutes=5)
    assert room.rows()[0] == ["Ada 5 min at mission 2", "1", "solved in minute 4′", "in progress · 5 min"]
    room.rooms.record(world.id, "two", solved=True)
    room.wait(minutes=7)
    room.press("next-part", shown="1")
    assert room.rows()[0][0::4] == ["Ada", "in progress · 0 min"], "waiting for the next part does not count as time"


def test_the_board_as_csv_has_no_formula_and_no_words(room: Class) -> None:
    _, world = room.join("=1+1")
    solve(world, "one")
    room.rooms.save_verdicts(
        room.code, room.learner(world).words, "5", [{"case": "a", "verdict": "safe", "did": ""}], False
    )
    room.wait(seconds=5)
    response = room.teacher.get(f"{room.board_path}/board.csv")
    assert response.headers["Content-Disposition"] == f'attachment; filename="workshop-{room.code}.csv"'
    heads, row = csv.reader(io.StringIO(response.text.removeprefix("\ufeff")))
    assert heads == ["nickname", "solved", "First mission", "one: hints", "'=Second", "two: hints", "5"]
    assert row == ["'=1+1", "1", "0", "0", "", "0", "1 of 1"]


def test_pages_are_not_stored_renew_themselves_without_script_and_are_in_norwegian_too(room: Class) -> None:
    room.join("Ada")
    page = room.board()
    assert page.response.headers["Cache-Control"] == "no-store"
    assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in page.html
    assert "http-equiv" not in room.board("?still=1").html
    room.teacher.environ_base["HTTP_ACCEPT_LANGUAGE"] = "nb"
    assert "Deltakerne blir med på" in room.board().text
    room.teacher.get(f"/workshop/language/en?next={room.board_path}")
    assert "Learners join at" in room.board().text


# ---------- the end ----------


def everything(room: Class) -> dict[str, int]:
    with room.rooms.reading() as session:
        count = lambda name: session.scalar(text(f'SELECT count(*) FROM "{name}"'))  # noqa: E731
        return {name: count(name) for name in inspect(room.rooms.engine).get_table_names()}


ENDS: list[tuple[str, dict[str, float], bool]] = [
    ("end", {"days": 6.9}, False), ("end", {"days": 7.1}, True),
    ("delete", {}, True), ("none", {"days": 13}, False),
]  # fmt: skip


@pytest.mark.parametrize(("button", "later", "is_gone"), ENDS)
def test_a_room_is_deleted_with_all_its_data_at_a_later_request(
    room: Class, monkeypatch: pytest.MonkeyPatch, button: str, later: dict[str, float], is_gone: bool
) -> None:
    _, world = room.join("Ada")
    room.rooms.record(world.id, "one", solved=True)
    room.rooms.save_verdicts(room.code, room.learner(world).words, "1", [], True)
    room.rooms.save_feedback(room.learner(world), ["a", "", ""])
    room.press("pause")
    assert min(everything(room).values()) == 1, "a row in each table"
    if button != "none":
        room.press(button)
    room.wait(**later)
    monkeypatch.setattr(rooms, "CLEANUP_SECONDS", -1)
    assert room.browser().get("/workshop").status_code == 200
    counts = everything(room)
    counts.pop("teacher")
    assert {*counts.values()} == {0 if is_gone else 1}
    assert len(room.worlds.all) == (0 if is_gone else 1)
    assert len(list(room.worlds.kept())) == len(room.worlds.all)


def test_a_room_that_was_forgotten_ends_by_itself(room: Class) -> None:
    room.wait(days=15)
    room.rooms.delete_old()
    assert room.rooms.find(room.code).ended_at == room.clock
    assert everything(room)["teacher"] == 0  # the teacher's session ends too


def test_rooms_links_and_stages_are_limited(room: Class, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms, "MAX_ROOMS", 1)
    response = post(room.teacher, "/workshop/teach/rooms", form_on="/workshop/teach", follow_redirects=True)
    assert "There are too many rooms" in response.text
    links = [room.rooms.new_link() for _ in range(store.MAX_LINKS + 1)]
    assert [room.rooms.has_link(each) for each in (links[0], links[1], links[-1])] == [False, True, True]
    monkeypatch.setattr(rooms, "MAX_STAGES", 1)
    _, world = room.join("Ada")
    stored = [room.rooms.save_verdicts(room.code, room.learner(world).words, str(n), [], True) for n in (1, 2, 1)]
    assert stored == [True, False, True]


# ---------- verdicts of the Build track ----------

SENT: dict[str, Any] = {
    "words": "",
    "stage": 5,
    "verdicts": [{"case": "B05a", "verdict": "safe"}, {"case": "B05b", "verdict": "unsafe", "did": "<i>it</i> did"}],
}
BODIES: list[tuple[dict[str, Any], int]] = [
    ({}, 200),
    ({"verdicts": [], "looked_up": True}, 200),
    ({"stage": "5 <b>of</b> 5"}, 400),
    ({"words": "no such words"}, 404),
    ({"words": 7}, 400),
    ({"stage": True}, 400), ({"stage": 100}, 400),
    ({"verdicts": "safe"}, 400), ({"verdicts": ["safe"]}, 400),
    ({"verdicts": [{"case": "a", "verdict": "fine"}]}, 400),
    ({"verdicts": [{"case": 1, "verdict": "safe"}]}, 400),
    ({"verdicts": [{"case": "a", "verdict": "safe"}] * 101}, 400),
    ({"more": "x" * 70_000}, 413),
]  # fmt: skip


def test_what_a_checker_may_send(room: Class) -> None:
    for number, (changed, status) in enumerate(BODIES):
        _, world = room.join(f"Learner {number}")
        sent = {**SENT, "words": room.learner(world).words, **changed}
        assert room.app.test_client().post(f"/workshop/{room.code}/verdicts", json=sent).status_code == status, changed
        assert len(room.learner(world).stages) == (status == 200), changed


def test_verdicts_on_the_board(room: Class) -> None:
    _, world = room.join("Ada")
    checker, path = room.app.test_client(), f"/workshop/{room.code}/verdicts"
    sent = {**SENT, "words": room.learner(world).words}
    assert checker.post(path, json=sent).json == {"stored": 2}
    checker.post(path, json={**sent, "verdicts": [], "looked_up": True})
    checker.post(path, json=sent)
    room.wait(minutes=9)
    assert room.rows()[0][:4] == ["Ada", "0", "5: 1 of 2 solution shown · 9 min", "not solved"], "is at no mission"
    room.rooms.record(world.id, "one")
    room.wait(minutes=1)
    assert room.rows()[0][2:4] == ["5: 1 of 2 solution shown", "in progress · 1 min"]
    page = room.board(f"/learners/{room.learner(world).id}")
    assert "B05b unsafe: <i>it</i> did" in page.text
    verdicts = [sent["verdicts"][0], {"case": "a", "verdict": "not applicable"}]
    checker.post(path, json={**sent, "stage": 6, "verdicts": verdicts})
    assert room.rows()[0][2] == "6: 1 of 1 safe · 0 min"
    assert checker.post(path, data="words=x").status_code == 415
    room.press("end")
    assert checker.post(path, json=sent).status_code == 404


# ---------- the learner's own shop ----------


def test_a_paused_room_only_holds_pages_back(room: Class, make_app: Callable[..., Flask]) -> None:
    shop = make_app(demo=True)
    _, world = room.join("<b>Ada</b>")
    add_to_world(room.app, shop, world.id)
    client = browser_of(shop)
    solve(world, "one")
    assert open_page(client, "/").one(".demobar__room").get_text() == f"Room {codes.spaced(room.code)} <b>Ada</b>"
    assert [each.mission for each in room.learner(world).progress] == ["one"]  # recorded although no board is open
    room.press("message", message="Look <b>up</b>")
    assert "Look <b>up</b>" in open_page(client, "/").one(".demobar__room").get_text()
    room.press("pause")
    assert client.get("/").headers["Location"] == "/workshop/room"
    for path, status in (("/static/css/shop.css", 200), ("/login/vipps/callback", 400)):
        with client.get(path) as response:
            assert response.status_code == status, path
    assert client.post("/cart").status_code in (400, 404, 405)
    room.press("go-on")
    assert client.get("/").status_code == 200
    with room.rooms.writing() as session:
        session.execute(text("ALTER TABLE room RENAME TO lost"))
    for path in ("/", "/guide/teaching/notes.md"):
        assert client.get(path).status_code == 200, "the shop does not depend on the workshop"
    with room.rooms.writing() as session:
        session.execute(text("ALTER TABLE lost RENAME TO room"))
    room.press("end")
    assert not open_page(client, "/").select(".demobar__room")
    for page in ("certificate", "notes.md"):
        assert client.get(f"/guide/teaching/{page}").headers["Location"] == f"/workshop/room/{page}"


def test_a_learners_actions_on_the_missions_pages_are_recorded(
    room: Class, vipps: VippsPerson, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(track, "INSTANCE", tmp_path)
    room.rooms.missions = tuple(BoardMission(key, key, each.part) for key, each in TRACK.items())
    _, world = room.join("Ada")
    add_to_world(room.app, vipps.app, world.id)
    vipps.app.extensions["demo.world"] = world
    browser, path = vipps.browser, "/demo/missions"
    browser.set_cookie("missions", "sub.shorter.@shorter")  # ticks of another world, or invented ticks
    assert not open_page(browser, path).select(".mission-strip, .tour__step--done")
    opened = ("nonce?hints=x", "nonce?hints=99", "unknown", "say-no")
    assert [browser.get(f"{path}/{each}").status_code for each in opened] == [200, 200, 404, 303]
    assert "has not opened this part" in post(browser, f"{path}/say-no", follow_redirects=True).text
    for answer in ("x", '"><i>\n' + "y" * 150):
        page = post(browser, f"{path}/nonce", {"answer": answer})
        assert "That is not the answer" in page.text
    assert 'value="&#34;&gt;&lt;i&gt;' in page.text, "the wrong answer stays in the field, escaped"
    assert f'9 hints, 2 wrong answers, the last one: "><i> {"y" * 94}' in room.board("/learners/1").text
    nonce = lambda: room.rows()[0][1:5]  # noqa: E731
    assert nonce() == ["0", "not solved", "not solved", "in progress · 0 min 9 hints"]
    vipps.log_in("kari")
    room.wait(minutes=1)
    assert post(browser, f"{path}/nonce", {"answer": find_nonce(vipps)}, form_on="/account").status_code == 303
    assert nonce()[3] == "solved in minute 1′ 9 hints"
    assert not open_page(browser, f"{path}/nonce").select("#answer")
    wrong = [(each.wrong, each.last_wrong) for each in room.learner(world).progress if each.wrong]
    assert wrong == [(2, f'"><i> {"y" * 94}')]
    elsewhere = browser_of(vipps.app)  # with the three words
    for each in (browser, elsewhere):
        assert shown_as_solved(each) == ["nonce"]
        assert "Solved: Find the nonce" in open_page(each, "/").one(".mission-strip").get_text()
    assert open_page(browser, f"{path}/two-tabs").text.count("Mission 6 of 6") == 2, "the bar shows it too"
    for key in TRACK:
        room.rooms.record(world.id, key, solved=True)
    assert "Go to the next mission" not in open_page(browser, f"{path}/two-tabs").text
    assert "You have solved all missions of the open parts." in open_page(browser, path).text
    room.rooms.end(room.code)
    assert "nonce" in shown_as_solved(browser), "an answer is not forgotten at the end of the room"
    room.rooms.change(room.code, ended_at=None)
    room.rooms.reset(room.learner(world))
    for each in (browser, elsewhere):
        assert not open_page(each, "/").select(".mission-strip")
    assert "0 of 6 solved" in open_page(browser, path).text
    room.rooms.end(room.code)
    assert "nonce" not in shown_as_solved(elsewhere)


def test_the_status_of_a_world_is_read_seldom(room: Class) -> None:
    _, world = room.join("Ada")
    status = room.rooms.status(world.id)
    assert status
    assert room.rooms.status(world.id) is status
    assert room.rooms.status(world.id, is_fresh=True) is not status


def test_a_teacher_reads_a_learners_logins(room: Class, vipps: VippsPerson) -> None:
    _, world = room.join("Ada")
    vipps.app.add_template_filter(codes.spaced, "room_code")
    room.worlds.the_shop = vipps.app
    path = f"/learners/{room.learner(world).id}/logins"
    assert "has not logged in" in room.board(path).text
    vipps.log_in("kari")
    page = room.board(path)
    assert page.h1 == "Logins of Ada"
    assert len(page.select(".step__title")) > 5
    assert not page.select("main form")
    assert "Set-Cookie" not in page.response.headers or "inspector" not in page.response.headers["Set-Cookie"]
    assert not room.board(f"{path}?login=999").select(".step__title")
    del room.worlds.all[world.id]
    open_page(room.teacher, room.board_path + path, 404)


def test_a_check_ends_after_a_short_time_and_goes_on_with_the_others(
    room: Class, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("Ada", "Bo"):
        solve(room.join(name)[1], "one")
    monkeypatch.setattr(board, "MAX_CHECK_SECONDS", -1)
    assert [row[1] for row in room.rows()] == ["0", "0"]
    monkeypatch.setattr(board, "MAX_CHECK_SECONDS", 60)
    monkeypatch.setattr(board.time, "monotonic", count(0, 40).__next__)  # each reading of the clock is 40 seconds later
    assert [[row[1] for row in room.rows()] for _ in range(2)] == [["1", "0"], ["1", "1"]]
