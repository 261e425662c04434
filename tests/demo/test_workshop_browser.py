"""The workshop in Chromium: its pages are accessible, and the board updates itself without disturbing the teacher."""

import logging
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from demo.workshop import learner as learner_pages
from demo.workshop import teacher as pages
from tests.browser.conftest import DESK
from tests.browser.steps import enter_and_load, press_and_load
from tests.browser.views import look_at
from tests.conftest import served
from tests.demo.workshop_class import Class, solve

pytestmark = pytest.mark.browser


def opened(chromium: Browser, url: str, problems: list[str], **options: bool) -> Page:
    page = chromium.new_context(viewport=DESK, locale="en-GB", **options).new_page()
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.goto(url)
    return page


def test_a_class_with_its_teacher(
    chromium: Browser, tmp_path: Path, unused_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    url, problems = f"http://localhost:{unused_port}", list[str]()
    for module in (pages, learner_pages):
        monkeypatch.setattr(module, "REFRESH_SECONDS", 1)
    room = Class(tmp_path, PUBLIC_URL=url)
    with served(room.app, unused_port):
        teacher = opened(chromium, f"{url}/workshop/teach/open/{room.rooms.new_link()}", problems)
        look_at(teacher, "the teacher's link")
        press_and_load(teacher, teacher.get_by_role("button"))
        look_at(teacher, "rooms")
        teacher.goto(url + room.board_path)

        learner = opened(chromium, f"{url}/workshop", problems)
        look_at(learner, "the code")
        learner.get_by_label("Code of the room").fill(room.code.lower())
        enter_and_load(learner)
        look_at(learner, "joining")
        teacher.get_by_label("Message to all learners").fill("not sent yet")
        learner.get_by_label("Nickname").fill("Ada")
        enter_and_load(learner)
        expect(learner.get_by_role("heading", level=1)).to_have_text("Hello, Ada")
        look_at(learner, "the learner's room")
        learner.goto(f"{url}/workshop/room/certificate")
        look_at(learner, "the certificate")
        learner.goto(f"{url}/workshop/room/feedback")
        learner.get_by_label("What surprised you?").fill("the nonce")
        look_at(learner, "the feedback")
        press_and_load(learner, learner.get_by_role("button", name="Send the answers"))
        learner.get_by_text("Leave the room").click()
        room.press("message", message="Look up")
        expect(learner.get_by_text("Look up")).to_be_visible(timeout=15_000)  # without a reload
        expect(learner.get_by_role("button", name="Leave and delete")).to_be_visible()
        room.press("pause")
        expect(learner.get_by_text("The teacher has paused the workshop")).to_be_visible(timeout=15_000)
        expect(learner.get_by_role("link", name="Go to my shop")).to_have_count(0)
        room.press("go-on")

        expect(teacher.get_by_role("link", name="Ada")).to_be_visible(timeout=15_000)  # without a reload
        expect(teacher.get_by_label("Message to all learners")).to_have_value("not sent yet")
        teacher.get_by_role("link", name="Ada").focus()
        (world,) = room.worlds.all.values()
        solve(world, "one")
        room.wait(minutes=7)
        expect(teacher.get_by_text("solved in minute")).to_be_attached(timeout=15_000)
        expect(teacher.get_by_role("link", name="Ada")).to_be_focused()
        look_at(teacher, "the board")
        enter_and_load(teacher)
        look_at(teacher, "a learner")
        teacher.goto(f"{url}{room.board_path}/projector")
        look_at(teacher, "the projector")
        teacher.goto(f"{url}{room.board_path}/feedback")
        look_at(teacher, "what the learners answered")

        plain = opened(chromium, f"{url}/workshop", problems, java_script_enabled=False)
        plain.context.add_cookies(teacher.context.cookies())
        plain.goto(url + room.board_path)
        assert plain.locator("noscript meta, meta[http-equiv]").count() == 1
        for page in (teacher, learner, plain):
            page.context.close()
    room.rooms.engine.dispose()
    assert problems == []
