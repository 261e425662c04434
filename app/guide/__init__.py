"""The guide: explains how this shop integrates Vipps Login, beside the shop, with the code that runs.

`chapters/` are the texts in Markdown, and `data/` the tables in TOML. `text` renders a chapter and takes the code that
it names from the running source (`source`), so that the code is never out of date. `page_source` says for every page of
the shop which view, templates and chapter belong to it. `search` searches the texts. `inspector` shows visitors their
own logins, `faults` lists what can go wrong in one, and `checklist` runs the doctor's checks.

The guide is in English, except for the one line that it adds to a page of the shop after a login. Only the demo shows
it, and no other part of the shop imports it. Its store is registered in every shop, so that old recordings are deleted.
"""

from flask import Flask

from app import site_files
from app.guide.inspector import store


def init_app(app: Flask, is_shown: bool) -> None:
    """Register the store, which deletes old recordings even where the guide is not shown, and show the guide."""
    store.init_app(app)
    if not is_shown:
        return
    # Imported here, so that a shop that does not show the guide does not load it.
    from app.guide import checklist, code_terms, inspector, page_source, routes, source

    app.register_blueprint(routes.bp)
    site_files.add_to_sitemap(app, routes.public_paths)
    app.register_blueprint(checklist.bp)
    inspector.init_app(app)
    app.add_template_global(source.url, "code_url")
    app.add_template_global(page_source.url, "made_url")
    app.add_template_global(page_source.reason_url)
    app.add_template_global(inspector.url, "inspector_url")
    app.add_template_filter(code_terms.mark_code)
    app.add_template_filter(code_terms.breakable)
