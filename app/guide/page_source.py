"""Answer “How is this page made?”: for every endpoint, its view, the templates that it renders and a chapter."""

import re
from dataclasses import dataclass
from urllib.parse import quote

from flask import current_app

from app.guide import source, tables

CHAPTER_OF = tables.load("chapter_of_page.toml", "blueprints", "endpoints")
TEMPLATE = re.compile(r'"([\w/]+\.(?:html|txt))"')


@dataclass(frozen=True)
class PageSource:
    """The source of a page: places as `app.guide.source` names them, and a chapter's slug."""

    endpoint: str
    rules: tuple[str, ...]
    view: str
    templates: tuple[str, ...]
    chapter: str


def find_page(endpoint: str) -> PageSource | None:
    """Return the source of an endpoint; None for static files and unknown names."""
    view = current_app.view_functions.get(endpoint)
    module, name = getattr(view, "__module__", ""), getattr(view, "__qualname__", "")
    if view is None or not module.startswith(("app.", "demo.")) or endpoint.endswith("static"):
        return None
    place = f"{module}:{name}"
    rules = tuple(sorted({str(rule) for rule in current_app.url_map.iter_rules(endpoint)}))
    # Prefer the templates that the view itself names; otherwise take all templates that its module names.
    named = TEMPLATE.findall(source.find(place).text) or TEMPLATE.findall(source.read(source.find(place).path))
    templates = tuple(dict.fromkeys(f"templates/{each}" for each in named if f"templates/{each}" in source.files()))
    return PageSource(endpoint, rules, place, templates, chapter_of(endpoint).partition("#")[0])


def chapter_of(endpoint: str) -> str:
    """Return the slug of the chapter that explains an endpoint, and where one is best, the section after a #."""
    blueprint = endpoint.partition(".")[0]
    return str(CHAPTER_OF["endpoints"].get(endpoint) or CHAPTER_OF["blueprints"].get(blueprint, ""))


def reason_url(endpoint: str) -> str:
    """Return the address of the section that explains a page's design; empty if there is none."""
    chapter = chapter_of(endpoint)
    return f"/guide/{chapter}" if "#" in chapter else ""


def url(endpoint: str) -> str:
    """Return the address of the answer. Every page has this link, so it does not look anything up."""
    return f"/guide/made/{quote(endpoint)}"
