"""Head tags and fixed files of the site, for browsers, search engines and security researchers."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import browser_of, open_page
from tests.pages import Page
from tests.shop.steps import add_logged_in_customer, add_product, put_into_cart, set_product

SECURITY_TXT = "/.well-known/security.txt"


def file(client: FlaskClient, path: str) -> Any:
    """Fetch a whole file."""
    with client.get(path) as response:
        assert response.data
        return response


def described(page: Page) -> str:
    """Return the canonical address in a public page; empty for a page with `noindex`."""
    robots = [tag["content"] for tag in page.select('meta[name="robots"]')]
    described = page.select('meta[name="description"][content]:not([content=""])')
    assert [robots, len(described)] in ([[], 1], [["noindex"], 0]), "either a description or noindex"
    return str(page.one('link[rel="canonical"]')["href"]) if described else ""


@pytest.mark.parametrize(
    ("path", "canonical"),
    [
        ("/", "/"), ("/?utm_source=letter", "/"), ("/?category=wool", "/?category=wool"), ("/?q=wool", ""),
        ("/?category=wool&q=wool", ""), ("/products/wool-blanket?from=letter", "/products/wool-blanket"),
        ("/login?next=/cart", "/login"), ("/register", "/register"), ("/privacy", "/privacy"), ("/terms", "/terms"),
        ("/cart", ""), ("/password/forgot", ""), ("/logged-out", ""),
    ],
)  # fmt: skip
def test_a_public_page_has_one_address_and_others_no_index(demo_client: FlaskClient, path: str, canonical: str) -> None:
    demo_client.get("/language/en")
    page = open_page(demo_client, path)
    assert described(page) == (f"http://localhost:8000{canonical}" if canonical else "")
    if canonical:
        shared = {tag["property"]: tag["content"] for tag in page.select("meta[property]")}
        assert shared["og:url"] == described(page)
        assert page.one("title").get_text().startswith(str(shared["og:title"]))
        assert file(demo_client, str(shared["og:image"])).mimetype == "image/png"


def test_an_error_and_a_page_about_a_customer_are_not_indexed(app: Flask, client: FlaskClient) -> None:
    add_product(app, "mug")
    add_logged_in_customer(app, client)
    put_into_cart(client, "mug")
    statuses = dict.fromkeys(("/nowhere", "/?category=nowhere"), 404)
    for path in (*statuses, "/account", "/account/profile", "/orders", "/checkout"):
        assert described(open_page(client, path, status=statuses.get(path, 200))) == "", path


def test_a_product_says_its_price_in_a_form_for_search_engines(app: Flask, client: FlaskClient) -> None:
    add_product(app, "mug", price=129_950)
    for stock, availability in ((1, "InStock"), (0, "OutOfStock")):
        set_product(app, "mug", stock=stock)
        product = open_page(client, "/products/mug").one('[itemtype="https://schema.org/Product"]')
        offer = product.select_one('[itemprop="offers"][itemtype="https://schema.org/Offer"]')
        assert offer is not None
        found = {tag["itemprop"]: tag.get("content") or tag.get("href") for tag in offer.select("[itemprop]")}
        there = f"https://schema.org/{availability}"
        assert found == {"price": "1299.50", "priceCurrency": "NOK", "availability": there}
        assert product.select_one('h1[itemprop="name"]')


def test_the_sitemap_lists_public_pages_only_and_each_is_there(demo_client: FlaskClient) -> None:
    demo_client.get("/language/en")
    robots = demo_client.get("/robots.txt")
    assert "Sitemap: http://localhost:8000/sitemap.xml" in robots.text.splitlines()
    tree = ElementTree.fromstring(demo_client.get("/sitemap.xml").data)
    addresses = [str(loc.text) for loc in tree.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")]
    assert {f"http://localhost:8000{path}" for path in ("/", "/?category=wool", "/products/wool-blanket")} < {
        *addresses
    }
    for address in addresses:
        assert described(open_page(demo_client, address)) == address


def test_markup_in_a_product_s_address_is_escaped(app: Flask, client: FlaskClient) -> None:
    add_product(app, "knife&<fork>")
    assert described(open_page(client, "/products/knife&<fork>")).endswith("/products/knife%26%3Cfork%3E")
    assert "/products/knife&amp;%3Cfork%3E</loc>" in client.get("/sitemap.xml").text


def test_an_icon_is_at_its_usual_address_and_caches_may_share_it(client: FlaskClient) -> None:
    for path, kind, begins in (
        ("/favicon.ico", "image/vnd.microsoft.icon", b"\0\0\1\0"), ("/apple-touch-icon.png", "image/png", b"\x89PNG"),
        ("/site.webmanifest", "application/manifest+json", b"{"),
    ):  # fmt: skip
        response = file(client, path)
        assert (response.status_code, response.mimetype) == (200, kind)
        assert response.headers["Cache-Control"] == "public, max-age=3600"
        assert response.data.startswith(begins)
    icons = json.loads(client.get("/site.webmanifest").data)["icons"]
    assert {file(client, each["src"]).mimetype for each in icons} == {"image/png"}


@pytest.mark.parametrize("contact", ["security@shop.example", "https://shop.example/report"])
def test_security_txt_names_the_contact_and_expires_within_a_year(make_app: Callable[..., Flask], contact: str) -> None:
    response = browser_of(make_app(SECURITY_CONTACT=contact)).get(SECURITY_TXT)
    fields = dict(line.split(": ", 1) for line in response.text.splitlines())
    assert response.content_type == "text/plain; charset=utf-8"
    assert fields["Contact"] == ("" if contact.startswith("https") else "mailto:") + contact
    assert fields["Canonical"] == f"http://localhost:8000{SECURITY_TXT}"
    ahead = datetime.fromisoformat(fields["Expires"]) - datetime.now(UTC)
    assert timedelta(days=90) < ahead < timedelta(days=365)


@pytest.mark.parametrize(
    ("environ", "path", "status", "there"),
    [
        ({}, SECURITY_TXT, 404, None),
        ({}, "/.well-known/change-password", 302, "/account/password"),
        ({"PASSWORDS": "0"}, "/.well-known/change-password", 404, None),
        # W3C, change-password: a site that answers every address with 200 cannot be trusted to have the page.
        ({}, "/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200/", 404, None),
    ],
)
def test_a_well_known_address_redirects_only_to_an_existing_page(
    make_app: Callable[..., Flask], environ: dict[str, str], path: str, status: int, there: Any
) -> None:
    response = browser_of(make_app(**environ)).get(path)
    assert (response.status_code, response.headers.get("Location")) == (status, there)
