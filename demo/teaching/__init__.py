"""Show the teacher's material: pages, slides, a certificate and notes, all from the Markdown files of this folder.

A slide ends at a line `---`. What follows a line `Notes:` is for the teacher.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from flask import Blueprint, Response, abort, render_template, request
from markupsafe import Markup

from app.guide import text
from app.guide.chapters import HEAD

bp = Blueprint("teaching", __name__, url_prefix="/guide/teaching")

FOLDER = Path(__file__).parent
PAGES = ("handbook", "90-minutes", "half-a-day", "build-track")
MAX_NAME_LENGTH = 60


@dataclass(frozen=True)
class Page:
    """A page of the material."""

    slug: str
    title: str
    summary: str
    text: text.Text


@dataclass(frozen=True)
class Slide:
    """A slide, and what the teacher says to it."""

    title: str
    html: Markup
    notes: Markup


@cache
def pages() -> Sequence[Page]:
    """Return the pages in their order."""
    return [_page(slug) for slug in PAGES]


@cache
def slides() -> Sequence[Slide]:
    """Return the slides in their order."""
    return [_slide(each) for each in _read("slides").split("\n---\n")]


@bp.get("/")
def index() -> str:
    """Show the handbook, which leads to the rest."""
    return show("handbook")


@bp.get("/<slug>")
def show(slug: str) -> str:
    """Show a page."""
    page = next((each for each in pages() if each.slug == slug), None) or abort(404)
    return render_template("guide/teaching/page.html", page=page, pages=pages())


@bp.get("/slides/<int:number>")
def slide(number: int) -> str:
    """Show a slide; with `?notes=1` also what the teacher says."""
    if not 1 <= number <= len(slides()):
        abort(404)
    found, notes = slides()[number - 1], "notes" in request.args
    return render_template("guide/teaching/slide.html", slides=[found], number=number, count=len(slides()), notes=notes)


@bp.get("/slides")
def print_slides() -> str:
    """Show all slides with their notes, to print."""
    return render_template("guide/teaching/slide.html", slides=slides(), number=0, count=len(slides()), notes=True)


@bp.get("/certificate")
def certificate() -> str:
    """Show a certificate to print, with the name of the learner."""
    name = request.args.get("name", "").strip()[:MAX_NAME_LENGTH]
    return render_template("guide/teaching/certificate.html", name=name, longest=MAX_NAME_LENGTH)


@bp.get("/notes.md")
def notes() -> Response:
    """Download the notes to take home."""
    headers = {"Content-Disposition": 'attachment; filename="notes.md"'}
    return Response(_read("notes"), content_type="text/markdown; charset=utf-8", headers=headers)


def _read(name: str) -> str:
    return (FOLDER / f"{name}.md").read_text(encoding="utf-8")


def _page(slug: str) -> Page:
    found = HEAD.fullmatch(_read(slug))
    if found is None:
        raise ValueError(f"{slug}.md: a page begins with a title and a summary")
    return Page(slug, found["title"], " ".join(found["summary"].replace("> ", "").split()), text.render(found["body"]))


def _slide(markdown: str) -> Slide:
    shown, _, said = markdown.partition("\nNotes:")
    title = re.search(r"^# (.+)", shown, re.MULTILINE)
    return Slide(title[1] if title else "", text.render(shown).html, text.render(said.strip()).html)
