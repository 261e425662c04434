"""The teacher's material: pages, slides, certificate and notes; every address and command in it exists."""

import re
import shlex

import pytest
from flask import Flask
from flask.testing import FlaskClient

from demo import teaching
from tests.conftest import browser_of, open_page
from workshop import __main__ as workshop
from workshop import track


@pytest.fixture
def guide(demo_app: Flask) -> FlaskClient:
    return browser_of(demo_app)


def texts() -> dict[str, str]:
    return {path.stem: path.read_text() for path in teaching.FOLDER.glob("*.md")}


def test_each_page_opens_and_every_address_in_it_exists(guide: FlaskClient) -> None:
    for slug in ("", *teaching.PAGES):
        page = open_page(guide, f"/guide/teaching/{slug}")
        for link in {str(each["href"]) for each in page.select("article a, .contents a") if each["href"][0] == "/"}:
            assert guide.get(link.partition("#")[0]).status_code == 200, link
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


def test_slides_that_the_texts_name_exist() -> None:
    named = [int(each) for text in texts().values() for each in re.findall(r"/teaching/slides/(\d+)", text)]
    assert max(named) == len(teaching.slides())


def test_the_name_on_the_certificate_is_escaped_and_cut(guide: FlaskClient) -> None:
    page = guide.get("/guide/teaching/certificate", query_string={"name": "<b>Kari</b>" + "x" * 99}).text
    assert "&lt;b&gt;Kari&lt;/b&gt;" in page
    assert "x" * 60 not in page


def test_the_notes_are_a_download(guide: FlaskClient) -> None:
    answer = guide.get("/guide/teaching/notes.md")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="notes.md"'
    assert answer.text.startswith("# My notes")


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
