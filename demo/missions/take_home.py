"""Make what a visitor takes home: the titles of the missions that they have solved, and notes to write on.

Rule: the notes explain only solved missions, as the pages of the missions do. They name no person.
"""

from collections.abc import Container

from flask import Response, render_template

from app.guide import source
from app.guide.chapters import chapter
from app.i18n import language
from app.settings import settings_of_app
from demo.missions import MISSION_PARTS, MISSIONS, TEXT_LANGUAGES


def titles(solved: Container[str]) -> list[str]:
    """Return the titles of the solved missions, in the order of the track."""
    brand = {"brand": settings_of_app().brand}
    return [each.text(language()).title % brand for key, each in MISSIONS.items() if key in solved]


def notes(solved: Container[str]) -> Response:
    """Return the notes as a Markdown file to download."""
    settings = settings_of_app()
    markdown = render_template(
        "workshop/notes.txt",
        parts=MISSION_PARTS,
        missions=MISSIONS,
        solved=solved,
        text_language=language() if language() in TEXT_LANGUAGES else "en",
        brand={"brand": settings.brand},
        address=settings.public_url,
        chapter=chapter,
        place=source.find,
    )
    headers = {"Content-Disposition": 'attachment; filename="notes.md"'}
    return Response(f"{markdown}\n", content_type="text/markdown; charset=utf-8", headers=headers)
