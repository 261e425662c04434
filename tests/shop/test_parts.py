"""Parts of pages that are kept: always as fresh as the database, and never with anything of one person."""

from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import browser_of, open_page
from tests.pages import Page
from tests.shop.steps import add_product, add_somebody, put_into_cart, set_product


def test_a_visitor_sees_a_changed_product_at_once(app: Flask, client: FlaskClient) -> None:
    add_product(app, price=10_000, stock=5)
    assert "100,00 kr" in open_page(client, "/").text
    set_product(app, price=20_000, stock=0)
    page = open_page(client, "/")
    assert "200,00 kr" in page.text
    assert "Sold out" in page.text
    add_product(app, "hat")
    assert "Hat" in open_page(client, "/").text


def test_a_page_is_rendered_once_for_the_same_facts(app: Flask, client: FlaskClient) -> None:
    add_product(app)
    open_page(client, "/")
    before = app.extensions["fragment_cache"].cache_info()
    open_page(browser_of(app), "/")
    after = app.extensions["fragment_cache"].cache_info()
    assert (after.hits - before.hits, after.misses - before.misses) == (1, 0)


def test_in_debug_mode_a_page_is_rendered_each_time(app: Flask, client: FlaskClient) -> None:
    app.debug = True
    open_page(client, "/")
    assert app.extensions["fragment_cache"].cache_info().currsize == 0


def test_nothing_of_a_customer_is_on_the_visitors_page(app: Flask, client: FlaskClient) -> None:
    add_product(app)
    customer = browser_of(app)
    add_somebody(app, customer)
    assert "Tuva" in open_page(customer, "/").one(".masthead").get_text()
    page = open_page(client, "/")
    assert "Tuva" not in page.text
    assert "Log in" in page.one(".masthead").get_text()
    assert not page.select(".masthead .count, [name=csrf_token]")
    assert "Tuva" in open_page(customer, "/").one(".masthead").get_text()


def test_a_guests_cart_and_messages_are_on_the_front_page_of_that_guest_alone(app: Flask, client: FlaskClient) -> None:
    add_product(app)
    open_page(client, "/")
    put_into_cart(client)
    assert "“Mittens” is in your cart." in open_page(client, "/").text
    assert open_page(client, "/").one(".masthead .count").get_text() == "1"
    other = open_page(browser_of(app), "/")
    assert "is in your cart" not in other.text
    assert not other.select(".masthead .count")


def test_a_message_without_a_cart_is_shown_too(app: Flask, client: FlaskClient) -> None:
    add_product(app, stock=0)
    open_page(client, "/")
    put_into_cart(client)
    assert "“Mittens” is sold out just now." in open_page(client, "/").text


def test_each_language_and_each_address_has_a_page_of_its_own(app: Flask, client: FlaskClient) -> None:
    add_product(app)
    english = open_page(client, "/")
    norwegian = Page(client.get("/", headers={"Accept-Language": "nb"}).text)
    assert (english.one("html")["lang"], norwegian.one("html")["lang"]) == ("en", "nb")
    marked = open_page(client, "/?from=letter")
    assert marked.one('.footer a[lang="nb"]')["href"] == "/language/nb?next=/%3Ffrom%3Dletter"
    assert open_page(client, "/").one('.footer a[lang="nb"]')["href"] == "/language/nb?next=/"
