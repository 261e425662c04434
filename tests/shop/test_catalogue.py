"""The catalogue: browsing, searching, paging, and single products."""

from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import assets
from app.shop.catalogue import MAX_WORDS, PER_PAGE, RememberedCategories, Shelf, searched_words
from app.shop.search import searchable
from tests.conftest import open_page
from tests.pages import Page
from tests.shop.steps import add_category, add_logged_in_customer, add_product, place_order, put_into_cart, set_product


def names_on(page: Page) -> list[str]:
    return [heading.get_text() for heading in page.select(".shelf h2")]


def test_the_front_page_shows_the_products_in_the_shops_order(app: Flask, client: FlaskClient) -> None:
    add_product(app, "second", position=2)
    add_product(app, "first", position=1, price=129_900)
    page = open_page(client, "/")
    assert names_on(page) == ["First", "Second"]
    assert "1 299,00 kr" in page.text
    assert page.select('.shelf a[href="/products/first"]')


# In a final "FF" the second product is beside the first one.
@pytest.mark.parametrize(
    ("featured", "wide"),
    [("F.....F..", {0, 6}), (".....FF", {5}), ("FFF", {1}), ("F", set()), ("..F", set()), ("", set())],
)
def test_a_featured_product_is_wide_only_if_another_fills_its_row(featured: str, wide: set[int]) -> None:
    products: Any = tuple(SimpleNamespace(id=at, featured=each == "F") for at, each in enumerate(featured))
    assert Shelf(products).wide == wide


def test_a_category_shows_its_own_products_and_its_words(app: Flask, client: FlaskClient) -> None:
    assert "This page is empty" in open_page(client, "/").text
    add_product(app, "mittens", category="wool")
    add_product(app, "kettle", category="kitchen")
    page = open_page(client, "/?category=kitchen")
    assert (page.h1, names_on(page)) == ("Kitchen", ["Kettle"])
    assert page.one('.categories [aria-current="page"]').get_text() == "Kitchen"
    add_category(app, "trail", "Trail")  # this process has not cached it yet
    assert open_page(client, "/?category=trail").h1 == "Trail"
    open_page(client, "/?category=nonsense", status=404)


def test_categories_are_read_once_a_minute(app: Flask) -> None:
    add_category(app, "wool")
    now = [100.0]
    remembered = RememberedCategories(lambda: now[0])
    from app.database import db

    with app.app_context():
        assert len(remembered.get(db.session(), "en")) == 1
        add_category(app, "trail")
        assert len(remembered.get(db.session(), "en")) == 1
        now[0] += 61
        assert len(remembered.get(db.session(), "en")) == 2


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("wool", ["Wool blanket", "Ull i særklasse"]), ("WOOL Blanket", ["Wool blanket"]),
        ("SÆRKLASSE", ["Ull i særklasse"]), ("brØD", ["Brødkniv"]), ("100%", ["Wool blanket"]), ("%", ["Wool blanket"]),
        ("_", []), ("\\", []), ("' OR 1=1 --", []), ("nothing-like-this", []),
    ],
)  # fmt: skip
def test_search_finds_every_word_whatever_its_case_and_takes_wildcards_as_letters(
    app: Flask, client: FlaskClient, q: str, found: list[str]
) -> None:
    add_product(app, "a", name="Wool blanket", summary="100% warm")
    add_product(app, "b", name="Ull i særklasse", summary="wool from the north")
    add_product(app, "c", name="Brødkniv", summary="birch")
    response = client.get("/", query_string={"q": q})
    assert names_on(Page(response.text)) == found


def test_a_strange_search_is_answered_and_a_search_looks_for_a_few_words_only(app: Flask, client: FlaskClient) -> None:
    add_product(app)
    for q in ("%00", "a%00b", "%ff%fe", "x" * 5000, "+".join("abcdefghij"), "%0d%0aSet-Cookie:+a=b"):
        assert client.get(f"/?q={q}").status_code == 200
    assert len(searched_words("a b c d e f g h i j")) == MAX_WORDS
    assert searched_words("\0") == []


def test_the_searchable_form_has_each_word_once_and_the_parts_between_punctuation() -> None:
    assert searchable("Ål ", "\n  ØRRET") == "ål ørret"
    assert searchable("A (hat), a 100% snake_case") == "a (hat), 100% snake_case hat 100 snake case"
    assert searchable(searchable("The (hat).")) == searchable("The (hat).")


def test_a_search_in_a_category_stays_in_it(app: Flask, client: FlaskClient) -> None:
    add_product(app, "blanket", name="Wool blanket", category="wool")
    add_product(app, "mug", name="Wool mug", category="kitchen")
    assert names_on(open_page(client, "/?q=wool&category=kitchen")) == ["Wool mug"]


def test_pages_hold_24_products_and_keep_the_search(app: Flask, client: FlaskClient) -> None:
    for number in range(PER_PAGE + 1):
        add_product(app, f"sock-{number:02}", position=number)
    first = open_page(client, "/?q=sock")
    assert len(names_on(first)) == PER_PAGE
    assert "More than 24 products" in first.text
    following = str(first.one('a[rel="next"]')["href"])
    assert following.startswith("/?q=sock&after=")
    second = open_page(client, following)
    assert names_on(second) == ["Sock-24"]
    assert not second.select('a[rel="next"]')
    assert names_on(open_page(client, str(second.one('a[rel="prev"]')["href"]))) == names_on(first)


@pytest.mark.parametrize("path", ["/", "/?q=wool", "/?category=wool", "/?q=%25"])
def test_pages_lead_through_all_products_and_back_each_once(app: Flask, client: FlaskClient, path: str) -> None:
    """Two products with the same position end one page and begin the next; a position can be negative."""
    many = 2 * PER_PAGE + 3
    for number in range(many):
        add_product(app, f"wool-{number:02}", name=f"Wool {number:02} 100%", position=number // 10 - 2)
    seen, pages = [], [open_page(client, path)]
    while following := pages[-1].select('a[rel="next"]'):
        pages.append(open_page(client, str(following[0]["href"])))
    for page in pages:
        seen += names_on(page)
    assert seen == [f"Wool {number:02} 100%" for number in range(many)]
    page = pages[-1]
    for expected in reversed(pages[:-1]):
        page = open_page(client, str(page.one('a[rel="prev"]')["href"]))
        assert names_on(page) == names_on(expected)
    assert not page.select('a[rel="prev"]')
    assert page.h1 == pages[0].h1


def test_a_cursor_that_is_malformed_or_has_no_products_beyond_it_gets_404(app: Flask, client: FlaskClient) -> None:
    add_product(app)
    cursors = ("-1", "abc", "1.5.2", "9.9", "-99.9", "9" * 30, "99999999999.1", "1.9999999999", "", "٣.1")
    found = {
        (name, cursor) for name in ("after", "before") for cursor in cursors
        if client.get("/", query_string={name: cursor}).status_code != 404
    }  # fmt: skip
    assert found == {("after", "-99.9"), ("before", "9.9")}
    assert client.get("/?after=-99.9&before=9.9").status_code == 404, "only one of both parameters is allowed"


def test_a_product_says_how_many_are_left(app: Flask, client: FlaskClient) -> None:
    add_product(app, name="Donaudampfschifffahrtsgesellschaft" * 5)
    for stock, words in ((10, "In stock"), (3, "3 left"), (1, "1 left"), (0, "Sold out")):
        set_product(app, stock=stock)
        page = open_page(client, "/products/mittens")
        assert words in page.text
        assert bool(page.select('form[action="/cart/add"]')) is (stock > 0)


def test_a_product_shows_others_of_its_kind_first(app: Flask, client: FlaskClient) -> None:
    for slug, category in [("kettle", "kitchen"), ("mittens", "wool"), ("hat", "wool"), ("mug", "kitchen")]:
        add_product(app, slug, category=category)
    page = open_page(client, "/products/mittens")
    assert [heading.get_text() for heading in page.select(".related h3")] == ["Hat", "Kettle", "Mug"]


def test_an_unknown_product_is_not_found(client: FlaskClient) -> None:
    for slug in ("none", "%00", "a%27--", "x" * 3000):
        open_page(client, f"/products/{slug}", status=404)


def test_markup_in_a_products_words_is_shown_as_text(app: Flask, client: FlaskClient) -> None:
    add_product(app, name='<b onmouseover="x">Mittens</b> {{ 7*7 }}')
    for path in ("/", "/products/mittens"):
        page = open_page(client, path)
        assert "<b onmouseover" in page.text
        assert "{{ 7*7 }}" in page.text


@pytest.mark.parametrize("picture", ["products/gone.jpg", "", "no\0file"])
def test_a_missing_picture_is_a_placeholder_on_every_page_and_one_line_in_the_log(
    app: Flask, client: FlaskClient, picture: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assets, "_missing", set())
    add_product(app)
    set_product(app, picture=picture)
    add_logged_in_customer(app, client)
    put_into_cart(client)
    pages = ["/", "/products/mittens", "/cart", "/checkout"]
    shown = [open_page(client, path) for path in pages]
    shown.append(open_page(client, place_order(client).location))
    for page in shown:
        assert page.select(f'main img[src^="/static/{assets.PLACEHOLDER}?v="]'), page.h1
    assert capsys.readouterr().err.count("picture_missing") == 1
