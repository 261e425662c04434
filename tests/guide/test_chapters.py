"""The guide's texts: every page opens, every link works, and every name in the texts exists."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.guide import conformance, page_source, source, text
from app.guide.chapters import chapters
from app.guide.lookup import FAQ, KNOWN_MISTAKES
from app.settings import Settings
from app.vipps.errors import REFUSALS
from simulator.faults import REDIRECT_ERRORS
from tests.conftest import browser_of, open_page
from tests.pages import Page

PAGES = [
    "/guide/", "/guide/faq", "/guide/known-mistakes", "/guide/glossary", "/guide/errors", "/guide/checklist",
    "/guide/conformance", "/guide/inspector",
]  # fmt: skip
CHAPTERS = [f"/guide/{each.slug}" for each in chapters()]


@pytest.fixture
def guide(demo_app: Flask) -> FlaskClient:
    return browser_of(demo_app)


def test_there_is_a_chapter_for_every_subject() -> None:
    assert " ".join(each.slug for each in chapters()) == (
        "the-idea a-login-call-by-call the-callback which-customer-is-this profile-and-refresh consents logging-out "
        "revocation-and-privacy phones error-handling going-live forking-this-shop other-set-ups running-it "
        "sending-email test-your-own-merchant checking-a-login scale"
    )


@pytest.fixture(scope="module")
def places() -> dict[str, set[str]]:
    """Cache the places in the guide's pages, which are the same in every shop."""
    return {}


@pytest.mark.parametrize("path", [*PAGES, *CHAPTERS, "/guide/inspector/live"])
def test_every_link_leads_to_an_existing_page(guide: FlaskClient, path: str, places: dict[str, set[str]]) -> None:
    page = open_page(guide, path)
    assert page.one("main [lang=en]")
    places[path] = set(page.tree.xpath("//@id"))
    for link in page.tree.xpath("(//main | //nav[contains(@class, 'guide-pages')])//a/@href"):
        parts = urlsplit(link)
        if parts.scheme:
            continue
        target = parts.path or path
        if target not in places:
            response = guide.get(target, follow_redirects=True)
            assert response.status_code == 200, f"{path} links to {target}"
            places[target] = set(Page(response.text).tree.xpath("//@id"))
        assert not parts.fragment or parts.fragment in places[target], f"{path} links to {target}#{parts.fragment}"


def test_the_chain_of_chapters_shows_the_heading_of_each_forwards_and_back(guide: FlaskClient) -> None:
    for relation, expected in (("next", chapters()), ("prev", chapters()[::-1])):
        path, headings = f"/guide/{expected[0].slug}", []
        while path and len(headings) < len(expected):
            page = open_page(guide, path)
            headings.append(page.one("h1").get_text())
            path = next((str(link["href"]) for link in page.select(f"a[rel={relation}]")), "")
        beyond = "/guide/inspector" if relation == "next" else "/guide/"
        assert (headings, path) == ([each.title for each in expected], beyond)


def test_the_first_use_of_a_term_links_to_the_glossary_and_every_heading_to_itself(guide: FlaskClient) -> None:
    entries = set(open_page(guide, "/guide/glossary").tree.xpath("//dl//@id"))
    for path in CHAPTERS:
        page = open_page(guide, path)
        linked = [str(each["href"]).partition("#")[2] for each in page.select("a.term")]
        assert linked, path
        assert len(linked) == len(set(linked)), path
        assert set(linked) <= entries, path
        headings = [str(each["id"]) for each in page.select("article h2, article h3")]
        assert headings == [str(a["href"])[1:] for a in page.select("article a.anchor")]
    for path in ("/guide/faq", "/guide/known-mistakes"):
        entries_of = [each.select("a.term") for each in open_page(guide, path).select(".question")]
        assert sum(map(len, entries_of)) > 20, path
        assert all(len(each) == len({a["href"] for a in each}) for each in entries_of), path


def test_terms_are_linked_once_outside_of_headings_links_and_blocks() -> None:
    html = text.render("# Nonce\n\n[The nonce](/x), `nonce_wrong`, nonces, a nonce and `sub`.\n\n    nonce", "/g").html
    assert re.findall(r'<a href="/g#([a-z]+)" class="term"[^>]*>(.+?)</a>', html) == [
        ("nonce", "nonces"), ("subject", "<code>sub</code>"),
    ]  # fmt: skip


def test_every_page_lists_the_chapters_and_says_how_long_one_takes(guide: FlaskClient) -> None:
    for path in (*PAGES, "/guide/decoder", "/guide/teaching/", "/guide/teaching/build-track", CHAPTERS[6]):
        page = open_page(guide, path)
        assert [str(each["href"]) for each in page.select(".guide__side ol a")] == CHAPTERS
        assert page.select("a[rel=prev], a[rel=next]"), path
        assert len(page.select(".guide-pages a")) == len(PAGES) + 3, path
    assert page.one(".guide__side [aria-current]").get_text().endswith("Logging out")
    assert page.one(".eyebrow").get_text() == "Chapter 7 · 1 min to read"


@pytest.mark.parametrize("address", ["", "https://code.example/shop/edit/main/"])
def test_a_chapter_links_to_where_it_can_be_edited_if_that_is_set(make_app: Callable[..., Flask], address: str) -> None:
    page = open_page(browser_of(make_app(demo=True, GUIDE_EDIT_URL=address)), "/guide/the-idea")
    links = [str(each["href"]) for each in page.select("a") if each.get_text() == "Edit this page"]
    assert links == ([f"{address}app/guide/chapters/01-the-idea.md"] if address else [])


@pytest.mark.parametrize("language", ["en", "nb"])
def test_a_page_of_the_shop_links_to_the_section_that_explains_it(guide: FlaskClient, language: str) -> None:
    headers = {"Accept-Language": language}
    for path, section in (("/logged-out", "logging-out#what-stays"), ("/cart", "phones#details-that-help")):
        reason = Page(guide.get(path, headers=headers).text).one(".reason")
        assert reason.select("a")[0]["href"] == f"/guide/{section}"
        assert ("(på engelsk)" in reason.get_text()) == (language == "nb")
    assert not open_page(guide, "/").select(".reason")


def test_sections_that_say_why_exist(guide: FlaskClient) -> None:
    for chapter in [each for kind in page_source.CHAPTER_OF.values() for each in kind.values() if "#" in each]:
        slug, _, anchor = chapter.partition("#")
        assert open_page(guide, f"/guide/{slug}").select(f"[id='{anchor}']"), chapter


def test_every_chapter_is_short_and_shows_running_code() -> None:
    for chapter in chapters():
        words = len(re.sub(r"```.*?```", "", chapter.body, flags=re.DOTALL).split())
        assert 200 < words < 1000, chapter.slug
        assert chapter.summary.endswith((".", "?")), chapter.slug
        assert "```source" in chapter.body or chapter.slug == "the-idea", chapter.slug


def test_every_chapter_is_plain_markdown_too(guide: FlaskClient) -> None:
    for chapter in chapters():
        response = guide.get(f"/guide/{chapter.slug}.md")
        assert response.mimetype == "text/markdown"
        assert response.text.startswith(f"# {chapter.title}\n\n> ")
        assert "```source" not in response.text
        shown = re.findall(r"^`\S+`, line \d+:\n\n```\w+$", response.text, re.MULTILINE)
        assert len(shown) == chapter.body.count("```source"), chapter.slug


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("app.vipps.id_token:validate", "python"), ("templates/vipps/button.html", "jinja"),
        ("Dockerfile", "dockerfile"), ("Procfile", "text"),
    ],
)  # fmt: skip
def test_code_in_plain_markdown_says_its_language(name: str, language: str) -> None:
    assert f"\n\n```{language}\n" in text.plain(f"```source {name}\n```")


def test_conformance_shows_the_number_of_cases_of_each_part(guide: FlaskClient) -> None:
    page = open_page(guide, "/guide/conformance")
    folds = page.select("details.fold")
    counts = [int(each.select(".fold__count")[0].get_text()) for each in folds]
    assert counts == [len(each.select("tbody tr")) for each in folds]
    assert sum(counts) > 90
    parts = [f"#{each['id']}" for each in page.select(".fold__inside, tbody tr")]
    assert parts == [each["href"] for each in page.select(".fold__inside > p a, .case__id a")]


def test_index_for_machines_names_every_chapter(guide: FlaskClient) -> None:
    listed = re.findall(r"\((http://localhost:8000)(/guide/[\w-]+\.md)\)", guide.get("/llms.txt").text)
    assert [path for _, path in listed] == [f"{each}.md" for each in CHAPTERS]
    assert {guide.get(path).status_code for _, path in listed} == {200}
    assert "(http://localhost:8000/guide/known-mistakes)" in guide.get("/llms.txt").text


def said() -> Iterator[tuple[str, str]]:
    """Yield every word in backticks, with its location."""
    texts = [(each.slug, each.body) for each in chapters()]
    texts += [(f"faq {each.number}", each.answer) for each in FAQ]
    texts += [(f"mistake {each.number}", each.here) for topic in KNOWN_MISTAKES for each in topic.mistakes]
    for where, markdown in texts:
        prose = re.sub(r"```.*?```", "", markdown, flags=re.DOTALL)
        yield from ((where, words) for words in re.findall(r"`([^`\n]+)`", prose))


def test_settings_that_are_named_exist() -> None:
    named = [
        (where, word) for where, words in said() for word in re.findall(r"(?<!:)\b[A-Z][A-Z_]{3,}\b(?==|$)", words)
    ]
    assert len(named) > 10
    known = {name.upper() for name in Settings.model_fields} | {"DEMO", "POST"}
    assert [each for each in named if each[1] not in known] == []


def test_error_codes_that_are_named_exist() -> None:
    codes = {*REFUSALS, *REDIRECT_ERRORS}
    shape = re.compile(r"(?:error=)?(?:invalid|access|server|wrong)_\w+")
    shaped = [(where, words) for where, words in said() if shape.fullmatch(words)]
    assert len(shaped) >= 5
    assert [each for each in shaped if each[1].removeprefix("error=") not in codes] == []


def test_commands_that_are_named_exist(demo_app: Flask) -> None:
    named = {(where, words.split()[-1]) for where, words in said() if words.startswith("flask ")}
    assert len(named) >= 3
    assert {name for _, name in named} <= set(demo_app.cli.commands)


def test_addresses_that_are_named_exist(demo_app: Flask) -> None:
    adapter = demo_app.url_map.bind("localhost")
    named = [(where, words) for where, words in said() if re.fullmatch(r"/[a-z][\w/-]*", words)]
    assert len(named) >= 3
    for where, path in named:
        assert adapter.allowed_methods(path), f"{where}: {path}"


def test_every_question_of_the_faq_is_answered() -> None:
    assert [each.number for each in FAQ] == list(range(1, 33))
    assert all(each.answer.endswith((".", "*.")) for each in FAQ)
    assert [each.number for each in FAQ if each.changed] == [8, 14, 15, 16, 17, 20, 22, 23, 31]


def test_the_checklist_runs_its_checks_when_its_button_is_pressed(
    make_app: Callable[..., Flask], unused_port: int
) -> None:
    guide = browser_of(make_app(demo=True, SIMULATOR_URL=f"http://localhost:{unused_port}"))
    page = open_page(guide, "/guide/checklist")
    assert not page.select(".finding")
    response = guide.post("/guide/checklist", data={"csrf_token": page.csrf_token()})
    found = Page(response.text)
    assert response.status_code == 200
    assert len(found.select(".finding")) >= 15
    said = found.one(".verdict").get_text()
    assert "to fix" in said, "no simulator runs here"
    passed = {each.get_text() for each in found.select(".finding--ok strong")}
    assert re.search(rf"\b{len(passed)} of \d+ checks pass\.", said)
    for link in found.select(".verdict a"):
        point = found.one(str(link["href"]))
        assert f"{link.get_text()}:" in [each.get_text() for each in point.select(".finding strong")]
    assert guide.post("/guide/checklist").status_code == 400


def endpoints(app: Flask) -> list[str]:
    return sorted({rule.endpoint for rule in app.url_map.iter_rules() if rule.endpoint != "static"})


def test_every_page_says_how_it_is_made(demo_app: Flask, guide: FlaskClient) -> None:
    known = {each.slug for each in chapters()}
    assert len(endpoints(demo_app)) > 80
    for endpoint in endpoints(demo_app):
        with demo_app.test_request_context():
            found = page_source.find_page(endpoint)
        assert found, endpoint
        assert found.chapter in known, endpoint
    for endpoint in ("shop.home", "vipps.callback", "staff.search.page", "guide.made"):
        page = open_page(guide, f"/guide/made/{endpoint}")
        assert page.select("figure.source"), endpoint


def test_the_foot_of_a_page_links_to_how_it_is_made(guide: FlaskClient) -> None:
    for path, endpoint in (("/", "shop.home"), ("/login", "login.page")):
        links = [str(each["href"]) for each in open_page(guide, path).select(".footer__guide a")]
        assert links == ["/guide/", "/guide/inspector", f"/guide/made/{endpoint}"]


def test_an_unknown_page_is_not_found(guide: FlaskClient) -> None:
    for path in ("made/static", "made/nothing.at_all", "made/..", "made/guide", "inspector.md", "01-the-idea"):
        assert guide.get(f"/guide/{path}").status_code == 404, path


def test_there_is_no_guide_without_the_demo(make_app: object) -> None:
    app = make_app(demo=True, DEMO="0")
    browser = browser_of(app)
    for path in (*PAGES, *CHAPTERS[:1], "/llms.txt", "/guide/source/wsgi.py", "/guide/made/shop.home"):
        assert browser.get(path).status_code == 404, path
    assert "/guide/" not in browser.get("/").text


def test_text_names_places_as_links_and_shows_html_as_text(demo_app: Flask) -> None:
    with demo_app.test_request_context():
        html = text.render("See `app.vipps.id_token:validate`, `nothing` and <b>bold</b>.").html
    assert re.search(r'<a href="/guide/source/app/vipps/id_token\.py#L\d+"><code>', html)
    assert "<code>nothing</code>" in html
    assert "&lt;b&gt;" in html


@pytest.mark.parametrize(
    "wrong", ["```source app.vipps:nothing\n```", "```source ../etc/passwd\n```", "`app.nothing:at_all`"]
)
def test_a_text_that_names_a_missing_place_cannot_be_shown(demo_app: Flask, wrong: str) -> None:
    with demo_app.test_request_context(), pytest.raises(LookupError):
        text.render(wrong)


def test_diagram_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(ValueError, match="not an arrow"):
        text.arrows("Browser and Shop talk")


def test_a_conformance_case_leads_to_its_test() -> None:
    for group in conformance.groups():
        for case in group.cases:
            assert source.find(group.test(case)).text.lstrip().startswith(("def test_", "@pytest")), case
            assert case.clauses, case


def test_without_the_tests_there_is_no_conformance_case(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(conformance, "PATH", tmp_path / "cases.toml")
    assert conformance.groups.__wrapped__() == ()
