"""Parts of pages that are rendered once for the same facts.

The front page is mostly the same HTML from one visitor to the next. Such a part has a template of its own, which shows
nothing but the facts it is handed, the language and the shop's settings; so the same facts give the same HTML, and it
is looked up instead of rendered. Nothing can be out of date: the facts are read anew for every page, and a changed
price is another fact. What belongs to one person (a name, a form's token) is never handed to a part.
"""

from collections.abc import Hashable
from functools import lru_cache

from flask import Flask, current_app, render_template
from markupsafe import Markup

from app.i18n import language

MAX_FRAGMENTS = 256  # of at most some 15 KB each


def init_app(app: Flask) -> None:
    """Offer `part` to the templates; each app has parts of its own, since its settings are its own."""
    app.extensions["parts"] = lru_cache(MAX_FRAGMENTS)(_rendered)
    app.add_template_global(cached_fragment)


def cached_fragment(template: str, **facts: Hashable) -> Markup:
    """Return the part for these facts, rendered now or before; with `flask --debug` always now."""
    render = _rendered if current_app.debug else current_app.extensions["parts"]
    return Markup(render(template, language(), tuple(facts.items())))  # noqa: S704 - rendered with escaping


def _rendered(template: str, language_of_key: str, facts: tuple[tuple[str, Hashable], ...]) -> str:
    return render_template(template, **dict(facts))
