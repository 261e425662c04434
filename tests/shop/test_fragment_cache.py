"""The fragment cache of the front page: never stale, and never with personal data."""

from collections.abc import Callable
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from app.database import db
from app.shop import fragment_cache
from app.shop.catalogue import RememberedCategories
from app.shop.models import CategoryText, ProductText
from tests.conftest import browser_of, open_page
from tests.shop.steps import add_logged_in_customer, add_product, put_into_cart, set_product

NORWEGIAN = {"Accept-Language": "nb"}


def set_text(app: Flask, model: type[ProductText] | type[CategoryText], **values: str) -> None:
    """Change a text in both languages."""
    with app.app_context():
        db.session.execute(update(model).values(**values))
        db.session.commit()


def hits(app: Flask) -> int:
    return int(app.extensions["fragment_cache"].cache_info().hits)


def test_a_change_of_price_stock_or_words_shows_at_once(app: Flask, client: FlaskClient) -> None:
    add_product(app, price=10_000, stock=10)
    customer = browser_of(app)
    add_logged_in_customer(app, customer)
    changes: list[tuple[Callable[[], None], str]] = [
        (lambda: None, "100,00 kr"), (lambda: set_product(app, price=12_300), "123,00 kr"),
        (lambda: set_product(app, stock=0), "Sold out"),
        (lambda: set_text(app, ProductText, name="Warmer mittens"), "Warmer mittens"),
        (lambda: set_text(app, CategoryText, name="Knitwear"), "Knitwear"),
    ]  # fmt: skip
    for change, words in changes:
        change()
        app.extensions["shop_categories"] = RememberedCategories()  # as when the cached minute is over
        for browser in (client, customer):
            assert words in open_page(browser, "/").text


def test_a_page_is_cached_per_language_and_per_address(app: Flask, client: FlaskClient) -> None:
    add_product(app, "mittens", category="wool")
    for _ in range(2):
        assert "Log in" in client.get("/").text
        assert "Logg inn" in client.get("/", headers=NORWEGIAN).text
        assert "Results for “mitt”" in client.get("/?q=mitt").text
        assert "Results for “Mitt”" in client.get("/?q=Mitt").text
        assert "next=/%3Fcategory%3Dwool" in client.get("/?category=wool").text
        assert "next=/%3Futm%3D%2522" in client.get("/?utm=%22").text


def test_the_page_of_a_customer_is_not_shown_to_others(app: Flask, client: FlaskClient) -> None:
    add_product(app)
    other, stranger = browser_of(app), browser_of(app)
    add_logged_in_customer(app, client)
    add_logged_in_customer(app, other, email="liv@example.com")
    for _ in range(2):
        mine, theirs = client.get("/").text, other.get("/").text
        assert token_in(mine) != token_in(theirs)
        assert "Tuva" in mine
        response = stranger.get("/")
        assert not any(word in response.text for word in ("Tuva", "csrf_token", "/logout"))
        assert "Set-Cookie" not in response.headers
        assert "Cookie" in response.headers["Vary"]


def token_in(html: str) -> str:
    return html.partition('name="csrf_token" value="')[2].partition('"')[0]


def test_a_guest_s_cart_and_message_are_on_that_guest_s_page_only(app: Flask, client: FlaskClient) -> None:
    add_product(app)
    other, stranger = browser_of(app), browser_of(app)
    open_page(stranger, "/")
    put_into_cart(client, quantity="7")
    put_into_cart(other, quantity="2")
    for _ in range(2):
        assert open_page(client, "/").one(".count").get_text() == "7"
        assert open_page(other, "/").one(".count").get_text() == "2"
        assert not open_page(stranger, "/").select(".count")
    stranger.set_cookie("session", "an old one", domain="localhost")
    stranger.get("/account")
    assert "You are no longer logged in here" in stranger.get("/").text
    for browser in (stranger, browser_of(app)):
        assert "no longer logged in" not in browser.get("/").text


def test_the_same_page_is_rendered_once_except_in_debug_mode_or_with_a_message(app: Flask, client: FlaskClient) -> None:
    add_product(app, stock=0)
    app.debug = True
    open_page(client, "/")
    assert app.extensions["fragment_cache"].cache_info().currsize == 0
    app.debug = False
    first = client.get("/")
    before = hits(app)
    assert client.get("/").data == first.data
    assert hits(app) == before + 1
    put_into_cart(client)
    assert "“Mittens” is sold out right now." in open_page(client, "/").text


def test_the_cache_has_a_size_limit(app: Flask, client: FlaskClient) -> None:
    add_product(app)
    assert app.extensions["fragment_cache"].cache_parameters()["maxsize"] == fragment_cache.MAX_FRAGMENTS
    for number in range(fragment_cache.MAX_FRAGMENTS + 10):
        client.get(f"/?page=1&n={number}")
    assert app.extensions["fragment_cache"].cache_info().currsize == fragment_cache.MAX_FRAGMENTS


def test_two_shops_in_one_process_have_separate_caches(make_app: Any) -> None:
    demo, plain = make_app(DEMO="1"), make_app(DEMO="0")
    add_product(demo)
    for _ in range(2):
        assert "/outbox" in browser_of(demo).get("/").text
        assert "/outbox" not in browser_of(plain).get("/").text
