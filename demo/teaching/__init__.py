"""Show the teacher's material: pages and slides from the Markdown files of this folder, a certificate and notes.

A slide ends at a line `---`. What follows a line `Notes:` is for the teacher.
"""

from dataclasses import dataclass
from pathlib import Path

from flask import Blueprint, Response, abort, render_template, request

from app.database import utcnow
from app.forms import one_line
from app.guide import text
from app.guide.chapters import HEAD
from demo.missions import take_home
from demo.missions.routes import TRACK

bp = Blueprint("teaching", __name__, url_prefix="/guide/teaching")

FOLDER = Path(__file__).parent
PAGES = ("handbook", "90-minutes", "half-a-day", "build-track")
MAX_NAME_LENGTH = 60


@dataclass(frozen=True)
class Page:
    """A page of the material: `body` is Markdown without title and summary."""

    slug: str
    title: str
    summary: str
    body: str


def pages() -> list[Page]:
    """Return the pages in their order."""
    return [_page(slug) for slug in PAGES]


def slides() -> list[str]:
    """Return the slides as Markdown, each with its title and its notes."""
    return _read("slides").strip().split("\n---\n")


@bp.get("/")
def index() -> str:
    """Show the handbook, which leads to the rest."""
    return show("handbook")


@bp.get("/<slug>")
def show(slug: str) -> str:
    """Show a page."""
    page = next((each for each in pages() if each.slug == slug), None) or abort(404)
    return render_template("guide/teaching/page.html", page=page, text=text.render(page.body), pages=pages())


@bp.get("/slides/<int:number>")
def slide(number: int) -> str:
    """Show a slide; with `?notes=1` also what the teacher says."""
    if not 1 <= number <= len(slides()):
        abort(404)
    return _slides([slides()[number - 1]], number, "notes" in request.args)


@bp.get("/slides")
def print_slides() -> str:
    """Show all slides with their notes, to print."""
    return _slides(slides(), 0, True)


@bp.get("/certificate")
def certificate() -> str:
    """Show a certificate to print: with a name what this browser has solved, without one a form to fill in by hand."""
    name = one_line(request.args.get("name"))[:MAX_NAME_LENGTH]
    solved, date = (take_home.titles(TRACK.ticked()), utcnow()) if name else (None, None)
    return render_template(
        "guide/teaching/certificate.html",
        name=name,
        solved=solved or None,
        stages=None,
        date=date,
        longest=MAX_NAME_LENGTH,
    )


@bp.get("/notes.md")
def notes() -> Response:
    """Download the notes to take home, with what this browser has solved."""
    return take_home.notes(TRACK.ticked())


def _read(name: str) -> str:
    return (FOLDER / f"{name}.md").read_text(encoding="utf-8")


def _page(slug: str) -> Page:
    found = HEAD.fullmatch(_read(slug))
    if found is None:
        raise ValueError(f"{slug}.md: a page begins with a title and a summary")
    return Page(slug, found["title"], " ".join(found["summary"].replace("> ", "").split()), found["body"])


def _slides(chosen: list[str], number: int, notes: bool) -> str:
    shown = []
    for markdown in chosen:
        title, _, rest = markdown.removeprefix("# ").partition("\n")
        face, _, said = rest.partition("\nNotes:")
        shown.append({"title": title, "html": text.render(face).html, "notes": text.render(said.strip()).html})
    return render_template("guide/teaching/slide.html", slides=shown, number=number, count=len(slides()), notes=notes)
