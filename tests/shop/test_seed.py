"""The demo's goods: complete in both languages, with their pictures, and safe to load again."""

import json

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.assets import STATIC
from app.database import db
from app.i18n import LANGUAGES
from app.shop.models import CategoryText, Product, ProductText
from app.shop.seed import DEMO, load_demo
from tests.conftest import browser_of, open_page
from tests.shop.steps import set_product, stock_of

GOODS = json.loads(DEMO.read_text(encoding="utf-8"))


def test_every_product_and_category_has_a_text_in_every_language(demo_app: Flask) -> None:
    with demo_app.app_context():
        for text in (ProductText, CategoryText):
            per_language = dict(
                db.session.execute(select(text.language, func.count()).group_by(text.language)).tuples().all()
            )
            assert set(per_language) == set(LANGUAGES)
            assert len(set(per_language.values())) == 1
        assert not db.session.scalars(select(ProductText.name).where(ProductText.name == "")).all()


def test_every_picture_is_there(demo_app: Flask) -> None:
    with demo_app.app_context():
        missing = [path for path in db.session.scalars(select(Product.picture)) if not (STATIC / path).is_file()]
    assert missing == []


@pytest.mark.parametrize("product", GOODS["products"], ids=lambda product: product["slug"])
def test_a_price_is_whole_kroner_and_a_shelf_exists(product: dict[str, object]) -> None:
    assert int(str(product["price"])) % 100 == 0
    assert product["category"] in [category["slug"] for category in GOODS["categories"]]


def test_loading_again_changes_words_and_prices_but_not_what_orders_have_taken(demo_app: Flask) -> None:
    slug = GOODS["products"][0]["slug"]
    set_product(demo_app, slug, stock=2, price=1)
    with demo_app.app_context():
        before = db.session.scalar(select(func.count()).select_from(ProductText))
        load_demo(db.session())
        db.session.commit()
        assert db.session.scalar(select(func.count()).select_from(ProductText)) == before
        price = db.session.scalars(select(Product.price).where(Product.slug == slug)).one()
    assert (stock_of(demo_app, slug), price) == (2, GOODS["products"][0]["price"])


def test_the_demo_can_be_searched_in_both_languages(demo_app: Flask) -> None:
    client = browser_of(demo_app)
    product = GOODS["products"][0]
    for language in LANGUAGES:
        client.set_cookie("language", language, domain="localhost")
        page = open_page(client, f"/?q={product['name'][language].upper()}")
        assert product["name"][language] in page.text
