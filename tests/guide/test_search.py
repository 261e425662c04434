"""The guide's search, and the page for a wrong address of the guide."""

import pytest
from flask import Flask

from app.guide.search import MAX_RESULTS, _marked, search
from tests.conftest import browser_of, open_page

MATCHING = "/guide/which-customer-is-this"


@pytest.mark.parametrize(
    ("query", "kind", "href"),
    [
        ("PKCE", "Glossary", "/guide/glossary#pkce"),
        ("nonce", "Glossary", "/guide/glossary#nonce"),
        ("phone number", "Chapter 4: Which customer is this?", f"{MATCHING}#by-sub-and-by-nothing-else"),
        ("logout", "Chapter 7", "/guide/logging-out"),
        ("what stays after logging out", "Chapter 7: Logging out", "/guide/logging-out#what-stays"),
        ("why invalid_client", "FAQ", "/guide/faq#q5"),
        ("id_token_nonce", "Error playground", "/guide/errors#nonce_wrong"),
        ("pre-hijacking", "Chapter 4: Which customer is this?", f"{MATCHING}#the-first-time"),
        ("bounc", "Chapter 15: Sending email", "/guide/sending-email#bounces-and-replies"),
    ],
)
def test_search_finds_terms_sections_questions_and_errors(query: str, kind: str, href: str) -> None:
    found = [(each.kind, each.href) for each in search(query)[:3]]
    assert (kind, href) in found[: 1 if kind == "Glossary" else 3]


@pytest.mark.parametrize(
    "query", ["", " ", '"', "*", "AND", "NEAR(", "a" * 5000, "\x02", "nonce OR", "kind:FAQ", "ü" * 99]
)
def test_a_query_of_any_characters_is_answered(query: str) -> None:
    assert len(search(query)) <= MAX_RESULTS


def test_a_known_mistake_is_found_by_its_title_and_any_word_is_enough() -> None:
    assert any(each.kind == "Known mistake" for each in search("mobilepay brand date"))
    assert search("nonce zzzunknown")


def test_an_excerpt_is_escaped_and_marks_the_found_words(demo_app: Flask) -> None:
    page = open_page(browser_of(demo_app), "/guide/search?q=nonce")
    assert page.select(".results mark")
    assert page.one("#search")["value"] == "nonce"
    assert _marked("<b> & \x02nonce\x03") == "&lt;b&gt; &amp; <mark>nonce</mark>"


def test_a_wrong_address_of_the_guide_leads_into_the_guide_and_another_one_into_the_shop(demo_app: Flask) -> None:
    browser = browser_of(demo_app)
    for path in ("/guide/logging-uot", "/guide/nonce/deeper", "/guide/inspector/999"):
        response = browser.get(path)
        assert response.status_code == 404
        assert 'href="/guide/"' in response.text
        assert "The guide has no such page" in response.text
    assert "/guide/glossary#nonce" in browser.get("/guide/nonce/deeper").text
    assert "The guide has no such page" not in browser.get("/nowhere").text
