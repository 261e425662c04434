"""The sample products: complete in every language, with their pictures, and loading is safe to repeat."""

import copy
import json
from pathlib import Path

from flask import Flask
from sqlalchemy import func, select

from app.assets import STATIC
from app.database import db
from app.i18n import LANGUAGES
from app.shop.models import Category, CategoryText, Product, ProductText
from samples.products import FILE, load
from tests.conftest import browser_of, open_page
from tests.shop.steps import stock_of

GOODS = json.loads(FILE.read_text(encoding="utf-8"))


def test_the_demo_has_many_products_with_pictures_some_scarce_and_one_sold_out(demo_app: Flask) -> None:
    with demo_app.app_context():
        shelves = db.session.execute(select(Product.category_id, func.count()).group_by(Product.category_id)).all()
        stocks = db.session.scalars(select(Product.stock)).all()
        missing = [path for path in db.session.scalars(select(Product.picture)) if not (STATIC / path).is_file()]
    assert missing == []
    assert (len(stocks) >= 24, {0, 3} <= set(stocks)) == (True, True)
    assert (len(shelves) >= 4, min(count for _category, count in shelves) >= 4) == (True, True)


def test_every_text_is_in_every_language_every_price_whole_and_every_category_there() -> None:
    for item in GOODS["products"] + GOODS["categories"]:
        texts = [item[part] for part in ("name", "summary", "description", "intro") if part in item]
        texts += [detail[part] for detail in item.get("details", []) for part in ("label", "value")]
        assert len(texts) >= 2, item["slug"]
        for text in texts:
            assert set(text) == set(LANGUAGES), item["slug"]
            assert all(words and words == words.strip() for words in text.values()), text
    categories = [category["slug"] for category in GOODS["categories"]]
    for product in GOODS["products"]:
        assert (type(product["price"]), type(product["stock"])) == (int, int), product["slug"]
        assert product["price"] % 100 == 0, product["slug"]
        assert product["category"] in categories, product["slug"]


def test_the_demo_can_be_searched_in_every_language(demo_app: Flask) -> None:
    client = browser_of(demo_app)
    product = GOODS["products"][0]
    for language in LANGUAGES:
        client.set_cookie("language", language, domain="localhost")
        page = open_page(client, f"/?q={product['name'][language].upper()}")
        assert product["name"][language] in page.text


def test_loading_twice_changes_nothing(app: Flask) -> None:
    counts = []
    with app.app_context():
        for _time in range(2):
            assert load(db.session()) == len(GOODS["products"])
            db.session.commit()
            tables = (Product, ProductText, Category, CategoryText)
            counts.append([db.session.scalar(select(func.count()).select_from(table)) for table in tables])
    assert counts[0] == counts[1]
    assert counts[0][0] == len(GOODS["products"])


def test_a_changed_file_updates_products_but_deletes_none(demo_app: Flask, tmp_path: Path) -> None:
    goods = copy.deepcopy(GOODS)
    gone, changed = goods["products"].pop(0), goods["products"][0]
    added = {**changed, "slug": "brand-new", "stock": 7, "category": "trail"}
    changed.update(price=12_300, stock=999, category="kitchen", name={"en": "Renamed product", "nb": "Nytt navn"})
    (tmp_path / "goods.json").write_text(json.dumps({**goods, "products": [added, *goods["products"]]}))
    before = stock_of(demo_app, changed["slug"])
    with demo_app.app_context():
        load(db.session(), tmp_path / "goods.json")
        db.session.commit()
    assert (stock_of(demo_app, "brand-new"), stock_of(demo_app, changed["slug"])) == (7, before)
    client = browser_of(demo_app)
    open_page(client, f"/products/{gone['slug']}")
    page = open_page(client, "/?category=kitchen&q=renamed")
    assert [heading.get_text() for heading in page.select(".shelf h2")] == ["Renamed product"]
    assert "123,00 kr" in page.text


def test_a_file_is_loaded_by_command_and_a_bad_one_is_refused(app: Flask, tmp_path: Path) -> None:
    runner = app.test_cli_runner()
    loaded = runner.invoke(args=["load-products", str(FILE)])
    assert (loaded.exit_code, loaded.output) == (0, f"{len(GOODS['products'])} products are loaded.\n")
    no_price = '{"categories": [{"slug": "x", "name": {"en": "X"}}], "products": [{"slug": "y", "category": "x"}]}'
    for content, said in (
        ("", ""), ("[]", ""), ('{"categories": []}', "products"),
        ('{"categories": [{"slug": "x"}], "products": []}', ""),
        (no_price, "product 1 (y): 'stock' is missing"), (no_price.replace("en", "nb"), "name.en"),
    ):  # fmt: skip
        (tmp_path / "bad.json").write_text(content)
        refused = runner.invoke(args=["load-products", str(tmp_path / "bad.json")])
        assert refused.exit_code == 1
        assert "bad.json" in refused.output
        assert said in refused.output
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Product)) == len(GOODS["products"])
        assert db.session.scalars(select(Category.slug).where(Category.slug == "x")).all() == []


def test_a_product_may_have_a_name_and_little_else(demo_app: Flask, tmp_path: Path) -> None:
    product = {"slug": "boots", "category": "shoes", "price": 100, "stock": 1, "name": {"en": "Boots", "nb": "Støvler"}}
    product |= {"summary": {"en": "Of leather."}, "details": [{"label": {"en": "Size"}, "value": {"en": "42"}}]}
    goods = {"categories": [{"slug": "shoes", "name": {"en": "Footwear"}}], "products": [product]}
    (tmp_path / "own.json").write_text(json.dumps(goods))
    with demo_app.app_context():
        load(db.session(), tmp_path / "own.json")
        db.session.commit()
    client = browser_of(demo_app)
    client.set_cookie("language", "nb", domain="localhost")
    page = open_page(client, "/products/boots")
    assert page.h1 == "Støvler"
    assert "Of leather." in page.text
    assert "Size 42" in page.text
    assert "no-picture" in page.one(".product__picture img")["src"]
    assert "Støvler" in open_page(client, "/?q=footwear").text
