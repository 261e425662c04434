"""The demo's products in every language and on both databases, which differ in upper case and sort order.

And one more language: what a developer adds for it, and what is shown in English.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from babel.messages import Catalog
from babel.messages.mofile import write_mo
from flask import Flask
from flask.testing import FlaskClient

from app import i18n
from app.database import db
from app.i18n import LANGUAGES, preferred_language
from app.shop.models import Category, CategoryText, Product, ProductText
from tests.conftest import browser_of, open_page, post
from tests.customers.steps import log_in_by_form
from tests.pages import Page
from tests.shop.steps import add_product, cart_of, place_order, put_into_cart
from tests.shop.test_seed import GOODS

PRODUCTS = {product["slug"]: product for product in GOODS["products"]}


def in_language(app: Flask, code: str) -> FlaskClient:
    client = browser_of(app)
    client.get(f"/language/{code}")
    return client


def found(client: FlaskClient, q: str) -> list[str]:
    """Return the names that a search finds."""
    response = client.get("/", query_string={"q": q})
    assert response.status_code == 200
    return [heading.get_text() for heading in Page(response.text).select(".shelf h2")]


def two_pages(client: FlaskClient) -> list[Page]:
    """Return the first page of all products and the next page."""
    first = open_page(client, "/")
    return [first, open_page(client, str(first.one('a[rel="next"]')["href"]))]


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_product_is_described_in_the_chosen_language(demo_app: Flask, code: str) -> None:
    product = PRODUCTS["wool-blanket"]
    client = in_language(demo_app, code)
    page = open_page(client, "/products/wool-blanket")
    assert (page.h1, page.one("html")["lang"]) == (product["name"][code], code)
    assert product["description"][code].split("\n")[0] in page.text
    assert not any(product["name"][other] in page.text for other in LANGUAGES if other != code)
    shelf = open_page(client, "/?category=wool")
    category = next(each for each in GOODS["categories"] if each["slug"] == "wool")
    assert shelf.h1 == category["name"][code]
    assert product["name"][code] in shelf.text


def test_every_product_is_listed_once_over_two_pages_in_the_order_of_the_file(either_app: Flask) -> None:
    for code in LANGUAGES:
        client = in_language(either_app, code)
        pages = two_pages(client)
        shown = [link["href"] for page in pages for link in page.select(".shelf h2 a")]
        assert shown == [f"/products/{slug}" for slug in PRODUCTS]
        assert len(pages[0].select(".shelf > li")) == 24
        assert not pages[1].select('a[rel="next"]')


def test_search_folds_norwegian_letters_and_takes_wildcards_as_letters_on_both_databases(either_app: Flask) -> None:
    add_product(either_app, "aal", name="Ål på glass")
    add_product(either_app, "oerret", name="Røkt ØRRET", summary="Fra SJØEN")
    add_product(either_app, "percent", name="Ninety 99%wool")
    add_product(either_app, "underscore", name="Snake_case \\ scarf")
    for code, q, names in (
        ("nb", "ÅL PÅ GLASS", ["Ål på glass"]), ("nb", "røkt ørret sjøen", ["Røkt ØRRET"]),
        ("nb", "ØRRET", ["Røkt ØRRET"]), ("en", "99%wool", ["Ninety 99%wool"]), ("en", "9_%", []),
        ("en", "_", ["Snake_case \\ scarf"]), ("en", "\\", ["Snake_case \\ scarf"]),
        ("en", "wool\0 99%wool", ["Ninety 99%wool"]),
    ):  # fmt: skip
        assert found(in_language(either_app, code), q) == names, q
    assert "Ninety 99%wool" in found(in_language(either_app, "en"), "%")


def test_a_search_that_finds_nothing_says_so_in_the_chosen_language(demo_app: Flask) -> None:
    page = open_page(in_language(demo_app, "en"), "/?q=submarine")
    assert page.h1 == "Results for “submarine”"
    assert "No products found" in page.text
    assert page.select('main a[href="/"]')
    assert "No products found" not in open_page(in_language(demo_app, "nb"), "/?q=submarine").text


def test_the_product_list_marks_sold_out_and_scarce_products(demo_app: Flask) -> None:
    client = browser_of(demo_app)
    cards = {
        str(card.select("a")[0]["href"]).removeprefix("/products/"): " ".join(card.get_text(" ").split())
        for page in two_pages(client)
        for card in page.select(".shelf > li")
    }
    assert "Sold out" in cards["hammock"]
    assert ("1 left" in cards["sheepskin"], "3 left" in cards["camp-axe"]) == (True, True)
    assert not any(words in cards["wool-blanket"] for words in ("left", "Sold out"))
    gone = [slug for slug, product in PRODUCTS.items() if product["stock"] == 0]
    assert [slug for slug, words in cards.items() if "Sold out" in words] == gone


def test_browsing_sets_no_cookie(demo_app: Flask) -> None:
    for path in ("/", "/?q=wool", "/?category=wool", "/?after=0.1", "/?q=submarine"):
        response = browser_of(demo_app).get(path)
        assert response.status_code == 200
        assert "Set-Cookie" not in response.headers


def test_a_purchase_keeps_its_language_on_both_databases(either_app: Flask) -> None:
    client = in_language(either_app, "nb")
    put_into_cart(client, "wool-blanket", "2")
    put_into_cart(client, "cabin-radio", "9")
    put_into_cart(client, "enamel-mug")
    post(client, "/cart/remove", {"product": "enamel-mug"})
    log_in_by_form(client, "ingrid.solheim@example.com", "lantern by the lake")
    assert cart_of(client) == {"wool-blanket": 2, "cabin-radio": 2}
    path = place_order(client).location
    client.get("/language/en")
    page = open_page(client, path)
    assert page.one(".sum--total dd").get_text() == "6\xa0578,00\xa0kr"
    assert PRODUCTS["wool-blanket"]["name"]["nb"] in page.text
    row = " ".join(open_page(client, "/orders").one("tbody tr").get_text(" ").split())
    assert "4 products" in row
    assert "6 578,00 kr" in row


GERMAN = {
    "Search the shop": "Im Laden suchen", "Search": "Suchen", "Results for “%(q)s”": "Ergebnisse für „%(q)s“",
    "Your cart": "Ihr Warenkorb", "Log in": "Anmelden", "Password": "Passwort", "Your orders": "Ihre Bestellungen",
}  # fmt: skip


@pytest.fixture
def german_app(demo_app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """Add German as a developer does: an entry in LANGUAGES and a catalog. Most texts have no translation."""
    catalog, folder = Catalog(locale="de"), tmp_path / "de" / "LC_MESSAGES"
    for english, german in GERMAN.items():
        catalog.add(english, german)
    folder.mkdir(parents=True)
    with (folder / "messages.mo").open("wb") as file:
        write_mo(file, catalog)
    monkeypatch.setitem(i18n.LANGUAGES, "de", "Deutsch")
    with demo_app.app_context():
        directories = demo_app.extensions["babel"].translation_directories
    monkeypatch.setattr(demo_app.extensions["babel"], "translation_directories", [*directories, str(tmp_path)])
    preferred_language.cache_clear()
    yield demo_app
    preferred_language.cache_clear()


def test_a_language_without_texts_shows_the_products_in_english(german_app: Flask) -> None:
    client = browser_of(german_app)
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "de-DE,de;q=0.9,en;q=0.5"
    english = PRODUCTS["wool-blanket"]["name"]["en"]
    front = open_page(client, "/")
    assert front.one("html")["lang"] == "de"
    assert [words for words in ("Anmelden", english) if words not in front.text] == []
    assert front.one('.footer a[lang="en"]')
    shelf = open_page(client, "/?category=wool")
    assert shelf.h1 == next(each["name"]["en"] for each in GOODS["categories"] if each["slug"] == "wool")
    assert english in open_page(client, "/products/wool-blanket").h1
    results = open_page(client, "/?q=blanket")
    assert results.h1 == "Ergebnisse für „blanket“"
    assert english in results.text
    put_into_cart(client, "wool-blanket")
    cart = open_page(client, "/cart")
    assert (cart.h1, english in cart.text) == ("Ihr Warenkorb", True)
    assert "Anmelden" in open_page(client, "/login").text
    log_in_by_form(client, "ingrid.solheim@example.com", "lantern by the lake")
    order = open_page(client, place_order(client).location)
    assert english in order.text
    assert open_page(client, "/orders").h1 == "Ihre Bestellungen"


def test_existing_texts_and_dates_are_in_a_new_language(german_app: Flask) -> None:
    with german_app.app_context():
        product = db.session.query(Product).filter_by(slug="wool-blanket").one()
        category = db.session.query(Category).filter_by(slug="wool").one()
        product.texts.append(ProductText(language="de", name="Wolldecke", search="wolldecke"))
        category.texts.append(CategoryText(language="de", name="Wolle"))
        db.session.commit()
    client = in_language(german_app, "de")
    shelf = open_page(client, "/?category=wool")
    assert (shelf.h1, "Wolldecke" in shelf.text) == ("Wolle", True)
    assert PRODUCTS["wool-blanket"]["name"]["en"] not in shelf.text
    assert found(client, "wolldecke") == ["Wolldecke"]
    assert open_page(in_language(german_app, "en"), "/products/wool-blanket").h1 != "Wolldecke"
    with german_app.test_request_context(headers={"Accept-Language": "de"}):
        assert i18n.when(datetime(2026, 12, 24, 11, 0, tzinfo=UTC)) == "24. Dezember 2026 12:00"
        assert i18n.day(datetime(2026, 12, 24, 11, 0, tzinfo=UTC)) == "24. Dezember 2026"
