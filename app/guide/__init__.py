"""The guide: how this shop does it, told beside the shop, with the code that runs.

`chapters/` is the text, in Markdown; `text` turns it into pages and reads the code it names from the running source by
`source`, so that it cannot go stale; `provenance` says for every page of the shop which view, template and chapter are
behind it. `inspector` shows a visitor their own logins, `clinic` lets a login go wrong, `checklist` asks whether all is
well.

The guide is in English, but for the one line that it adds to a page of the shop after a login. It is shown in the demo
only, and nothing else of the shop knows that it is there; its store is known everywhere, so that what the inspector
once recorded is forgotten in time.
"""

from flask import Flask

from app.guide.inspector import store


def init_app(app: Flask, is_shown: bool) -> None:
    """Open the guide; what it once recorded is forgotten in time even where it is not shown any more."""
    store.init_app(app)
    if is_shown:
        _open(app)


def _open(app: Flask) -> None:
    # Here, so that a shop that does not show the guide does not load it.
    from app.guide import code_terms, inspector, page_source, source
    from app.guide.checklist import routes as checklist
    from app.guide.error_playground import routes as clinic
    from app.guide.routes import bp

    app.register_blueprint(bp)
    app.register_blueprint(checklist.bp)
    inspector.init_app(app)
    clinic.init_app(app)
    app.add_template_global(source.url, "code_url")
    app.add_template_global(page_source.url, "made_url")
    app.add_template_global(inspector.url, "inspector_url")
    app.add_template_filter(code_terms.technical)
