"""The teacher's material: pages, slides, certificate and notes; every address and command in it exists."""

import re
import shlex

import pytest
from flask import Flask
from flask.testing import FlaskClient

from demo import teaching
from demo.missions import MISSIONS
from tests.conftest import browser_of, open_page
from workshop import __main__ as workshop
from workshop import track


@pytest.fixture
def guide(demo_app: Flask) -> FlaskClient:
    return browser_of(demo_app)


def texts() -> dict[str, str]:
    return {path.stem: path.read_text() for path in teaching.FOLDER.glob("*.md")}


def test_each_page_opens_and_every_address_in_it_exists(guide: FlaskClient) -> None:
    for slug in ("", "slides", *teaching.PAGES):
        page = open_page(guide, f"/guide/teaching/{slug}")
        for link in {str(each["href"]) for each in page.select("article a, .contents a") if each["href"][0] == "/"}:
            wanted = 404 if link.startswith("/workshop") else 200  # without worlds there is no room
            assert guide.get(link.partition("#")[0], follow_redirects=True).status_code == wanted, link
    assert guide.get("/guide/teaching/nothing").status_code == 404


def test_slides_lead_from_the_first_to_the_last(guide: FlaskClient) -> None:
    number, path = 0, "/guide/teaching/slides/1?notes=1"
    while path:
        page = open_page(guide, path)
        assert page.select(".slide h1"), path
        assert page.select(".slide__notes p"), path
        assert len(page.select("h1")) == 1, "each slide has a title"
        number, path = number + 1, next((str(each["href"]) for each in page.select("a[rel=next]")), "")
    assert number == len(teaching.slides())
    assert not open_page(guide, "/guide/teaching/slides/1").select(".slide__notes")
    assert guide.get(f"/guide/teaching/slides/{number + 1}").status_code == 404
    assert len(open_page(guide, "/guide/teaching/slides").select(".slide__notes")) == number


def test_without_a_room_the_certificate_is_a_form_or_shows_the_ticks_of_this_browser(guide: FlaskClient) -> None:
    guide.set_cookie("missions", "nonce.say-no")
    path = "/guide/teaching/certificate"
    assert not open_page(guide, path).select(".certificate li")
    page = open_page(guide, f"{path}?name=%3Cb%3EKari%3C/b%3E%0A{'x' * 99}")
    assert [each.get_text() for each in page.select(".certificate li")] == ["Find the nonce", "Two ways to say no"]
    assert page.one(".certificate__name").get_text() == "<b>Kari</b> " + "x" * 48


def test_the_notes_explain_what_is_solved_and_every_address_in_them_exists(guide: FlaskClient) -> None:
    notes: dict[str, str] = {}
    for language, ticks in (("en", "nonce"), ("nb", ".".join(MISSIONS))):
        guide.set_cookie("missions", ticks)
        answer = guide.get("/guide/teaching/notes.md", headers={"Accept-Language": language})
        assert answer.headers["Content-Disposition"] == 'attachment; filename="notes.md"'
        notes[language] = answer.text
        for path in sorted(set(re.findall(r"http://localhost:\d+(/[^)\s#]+)", answer.text))):
            assert guide.get(path).status_code == 200, path
    assert re.findall(r"### (.+) \(solved\)", notes["en"]) == ["Find the nonce"]
    assert [notes["en"].count(each) for each in (" (not solved)", "**What happened:**", "/guide/source/")] == [21, 1, 2]
    assert [notes["nb"].count(each) for each in (" (løst)", "### Finn nonce (")] == [22, 1]


def test_the_plans_name_each_stage_by_its_title() -> None:
    rows = re.findall(r"^\| (\d+) \| ([^|]+) \|", texts()["build-track"], re.MULTILINE)
    assert [(int(number), title) for number, title in rows] == [
        (each.number, each.texts["en"].title) for each in track.stages()
    ]


def test_the_commands_in_the_texts_are_right() -> None:
    lines = [line for text in texts().values() for line in re.findall(r"python -m workshop [^`#\n]+", text)]
    assert len(lines) >= 8
    parser = workshop._parser()
    for line in lines:
        words = shlex.split(line)[3:]
        if words[0] != "check":  # the checker has a parser of its own
            parser.parse_args(words)
