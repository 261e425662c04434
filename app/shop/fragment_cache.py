"""Cache fragments of pages: the same facts give the same HTML, which is rendered once.

A fragment has its own template, which uses only the facts passed to it, the language, the path prefix of addresses and
the shop's settings. The cache cannot be stale: each page reads the facts from the database, and a changed price is a
different key. Never pass personal data (a name, a form's token) to a fragment.
"""

from collections.abc import Hashable
from functools import lru_cache

from flask import Flask, current_app, render_template, request
from markupsafe import Markup

from app.i18n import language
from app.settings import settings_of_app

MAX_FRAGMENTS = 256  # fragments, each of at most about 15 KB


def init_app(app: Flask) -> None:
    """Register `cached_fragment` in the templates; each app has its own cache, because it has its own settings."""
    app.extensions["fragment_cache"] = lru_cache(MAX_FRAGMENTS)(_rendered)
    app.add_template_global(cached_fragment)


def cached_fragment(template: str, **facts: Hashable) -> Markup:
    """Return the fragment for these facts, from the cache if possible; `flask --debug` always renders it."""
    render = _rendered if current_app.debug else current_app.extensions["fragment_cache"]
    # The brand can change on a given date.
    shop_key = (language(), request.script_root, settings_of_app().brand)
    return Markup(render(template, shop_key, tuple(facts.items())))  # noqa: S704 - rendered with escaping


def _rendered(template: str, shop_key: tuple[str, str, str], facts: tuple[tuple[str, Hashable], ...]) -> str:
    return render_template(template, **dict(facts))
