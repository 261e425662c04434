"""Show the guide's pages: index, chapters, search, FAQ, glossary, conformance, source, and the source of a page."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from flask import Blueprint, Response, abort, has_request_context, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from app.errors import http_error
from app.guide import conformance, page_source, source, tables, text
from app.guide.chapters import Chapter, chapter, chapters
from app.guide.lookup import FAQ, KNOWN_MISTAKES, TERMS
from app.guide.search import MAX_QUERY, MAX_RESULTS, search
from app.settings import settings_of_app

bp = Blueprint("guide", __name__)
PAGES = tables.load("pages.toml", "pages")["pages"]


@bp.app_context_processor
def navigation() -> dict[str, Any]:
    """Give the guide's layout its pages, the chapters, and the pages before and after this one."""
    if not has_request_context() or not request.path.startswith("/guide/"):  # an email of a command has no request
        return {}
    listed = [(each.title, f"/guide/{each.slug}") for each in chapters()]
    others = [(each["label"], each["href"]) for each in PAGES]
    order = [None, others[0], *listed, *others[1:], None]
    at = next((at for at, each in enumerate(order) if each and each[1] == request.path), 0)
    around = {"before": order[at - 1], "after": order[at + 1]} if at else {}
    return {"guide_pages": others, "guide_chapters": listed, **around}


@bp.app_errorhandler(NotFound)
def not_found(error: NotFound) -> ResponseReturnValue:
    """Answer a wrong address of the guide with suggestions, and any other wrong address with the shop's page."""
    if not request.path.startswith("/guide/"):
        return http_error(error)
    return render_template("guide/not_found.html", found=search(request.path.removeprefix("/guide"))[:5]), 404


@bp.get("/guide/")
def index() -> str:
    """Show the index."""
    return render_template("guide/index.html", chapters=chapters())


@bp.get("/guide/<slug>")
def show(slug: str) -> str:
    """Show a chapter."""
    found = chapter(slug) or abort(404)
    number = list(chapters()).index(found) + 1
    rendered, edit_url = _rendered(found, request.script_root), settings_of_app().guide_edit_url
    return render_template("guide/chapter.html", chapter=found, text=rendered, number=number, edit_url=edit_url)


@bp.get("/guide/search", endpoint="search")
def show_search() -> str:
    """Search the guide."""
    query = request.args.get("q", "").strip()[:MAX_QUERY]
    return render_template("guide/search.html", q=query, found=search(query), most=MAX_RESULTS)


@bp.get("/guide/<slug>.md")
def show_markdown(slug: str) -> Response:
    """Show a chapter as plain Markdown, with the code inserted."""
    found = chapter(slug) or abort(404)
    return Response(text.plain(found.markdown), content_type="text/markdown; charset=utf-8")


@bp.get("/llms.txt")
def index_for_machines() -> Response:
    """Show an index of all texts in plain Markdown (llmstxt.org)."""
    base = settings_of_app().public_url
    lines = [
        f"- [{each.title}]({base}{url_for('guide.show_markdown', slug=each.slug)}): {each.summary}"
        for each in chapters()
    ]
    head = "# A reference merchant for Vipps Login\n\n> How a merchant integrates Vipps Login, with the code that runs."
    lines += ["", "## More", "", f"- [Known mistakes]({base}{url_for('guide.known_mistakes')}): what others reported"]
    return Response("\n".join([f"{head}\n\n## Chapters\n", *lines, ""]), content_type="text/plain; charset=utf-8")


@bp.get("/guide/faq")
def faq() -> str:
    """Answer the questions of the Login FAQ."""
    return render_template("guide/faq.html", questions=FAQ, said=text.render)


@bp.get("/guide/known-mistakes")
def known_mistakes() -> str:
    """Show the mistakes that were reported in public, and what this shop does instead."""
    return render_template("guide/known_mistakes.html", topics=KNOWN_MISTAKES, said=text.render)


@bp.get("/guide/glossary")
def glossary() -> str:
    """Explain the terms of the field and of this project."""
    return render_template("guide/glossary.html", terms=TERMS, slug=text.slug)


@bp.get("/guide/conformance", endpoint="conformance")
def conformance_table() -> str:
    """Show the actions of a provider or an attacker, the shop's response, and the test that proves it."""
    groups = conformance.groups()
    return render_template("guide/conformance.html", groups=groups, count=sum(len(each.cases) for each in groups))


@bp.get("/guide/source/<path:path>")
def show_source(path: str) -> str:
    """Show a whole file."""
    try:
        return render_template("guide/source.html", path=path, lines=source.numbered_lines(path))
    except LookupError:
        abort(404)


@bp.get("/guide/made/<endpoint>")
def made(endpoint: str) -> str:
    """Show the source of a page."""
    found = page_source.find_page(endpoint) or abort(404)
    behind = chapter(found.chapter)
    return render_template("guide/made.html", made=found, chapter=behind, shown=source.show)


def public_paths() -> Iterator[str]:
    """Yield the paths of the guide's texts, for the sitemap."""
    names = ("index", "faq", "known_mistakes", "glossary", "conformance")
    yield from (url_for(f"guide.{name}") for name in names)
    yield from (url_for("guide.show", slug=each.slug) for each in chapters())


@lru_cache(maxsize=64)
def _rendered(found: Chapter, prefix_of_addresses: str) -> text.Text:
    return text.render(found.body, glossary=url_for("guide.glossary"))
