"""The search index on both databases: every program's changes update it, and searches use it."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, event, insert, select, text, update

from app.database import db
from app.i18n import LANGUAGES
from app.pagination import Place
from app.shop.catalogue import find_products
from app.shop.models import Category, Product, ProductText
from app.shop.search import search_terms
from tests.shop.steps import add_product, set_product

QUERIES = tomllib.loads((Path(__file__).parent / "search_queries.toml").read_text(encoding="utf-8"))


def found(app: Flask, q: str, language: str = "en") -> list[str]:
    """Return the slugs that a search finds, in English if no other language is named."""
    with app.app_context():
        return [each.slug for each in find_products(db.session(), language, q).rows]


@pytest.fixture
def app(either_app: Flask) -> Flask:
    """Use both databases in turn, without the demo's goods."""
    with either_app.app_context():
        db.session.execute(delete(Product))
        db.session.commit()
    return either_app


def is_sqlite(app: Flask) -> bool:
    with app.app_context():
        return db.engine.dialect.name == "sqlite"


def write(app: Flask, *statements: object) -> None:
    """Execute statements like a program that does not know the index."""
    with app.app_context():
        for each in statements:
            db.session.execute(each)
        db.session.commit()


def test_a_changed_text_is_found_by_its_new_words_only(app: Flask) -> None:
    number = add_product(app, "hat", name="Woollen hat")
    write(app, update(ProductText).where(ProductText.product_id == number).values(search="a felt cap"))
    assert found(app, "felt") == ["hat"]
    assert found(app, "woollen") == []


def test_deleted_products_are_not_found(app: Flask) -> None:
    first, second = (add_product(app, slug, name="Woollen hat") for slug in ("first", "second"))
    write(app, delete(Product).where(Product.id == first))
    write(app, delete(ProductText).where(ProductText.product_id == second))
    assert found(app, "woollen") == []
    if is_sqlite(app):
        with app.app_context():
            assert db.session.scalar(text("SELECT count(*) FROM product_search")) == 0


def test_hits_come_in_the_shops_order_also_after_a_move(app: Flask) -> None:
    for position, slug in enumerate(("a", "b", "c")):
        add_product(app, slug, name="Woollen hat", position=position)
    assert found(app, "woollen") == ["a", "b", "c"]
    set_product(app, "a", position=5)
    set_product(app, "c", position=-1)
    assert found(app, "woollen") == ["c", "b", "a"]


FOUND = [
    ("teppe", [], ["blanket"]), ("tepper", [], ["blanket"]), ("ULLTEPPE", ["blanket"], ["blanket"]),
    ("øl", ["mug"], ["mug"]), ("mugg øl", ["mug"], ["mug"]), ("lt", [], []), ("epp", [], []), ("s", ["mug"], ["mug"]),
    ("stor", ["mug"], ["mug"]), ('"', ["mug"], ["mug"]), ('"stor"', ["mug"], ["mug"]), ('"stor" OR words:', [], []),
    ('st"or', [], []), ("NEAR(", [], []), ("ull*", [], []), ("^ull", [], []), ("{a,b}", [], []),
]  # fmt: skip


def test_a_word_is_found_where_words_begin_and_in_norwegian_where_they_end(app: Flask) -> None:
    add_product(app, "blanket", name="Ullteppe", position=1)
    add_product(app, "mug", name='Mugg til øl "stor"', summary="Svarte og fine", position=2)
    for q, english, norwegian in FOUND:
        assert (found(app, q), found(app, q, "nb")) == (english, norwegian), q


@pytest.mark.parametrize(
    ("language", "word", "terms"),
    [
        ("en", "glass", {" glass"}),
        ("en", "dishes", {" dishes", " dish ", " dishe "}),
        ("en", "berries", {" berries", " berry ", " berrie "}),
        ("en", "berry", {" berry", " berries "}),
        ("en", "leaf", {" leaf", " leaves "}),
        ("en", "bus", {" bus"}),
        ("nb", "luene", {" luene", " lue", "luene "}),
        ("nb", "kniver", {" kniver", " kniv", " knive", "kniver ", "kniv ", "knive "}),
        ("da", "kopper", {" kopper", " kopp", " koppe", " kop", "kopper ", "kopp ", "koppe "}),
        ("sv", "lampor", {" lampor", " lampa", "lampor ", "lampa "}),
        ("fi", "sukat", {" sukat", " suka", " sukka", "sukat ", "suka ", "sukka "}),
        ("fi", "huovat", {" huovat", " huova", " huopa", "huovat ", "huova ", "huopa "}),
        ("de", "hats", {" hats", " hat "}),  # shown in English
        ("en", "%", {"%"}),
    ],
)
def test_a_word_is_searched_in_the_singular_and_the_plural(language: str, word: str, terms: set[str]) -> None:
    assert set(search_terms(word, language)) == terms


def plan_of(app: Flask, q: str = "", **places: Any) -> str:
    """Return the database's query plan for a page of products."""
    seen: list[tuple[str, Any]] = []
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *given: seen.append((given[2], given[3])))
        find_products(db.session(), "en", q, **places)
        explain = "EXPLAIN QUERY PLAN" if is_sqlite(app) else "EXPLAIN"
        return str(db.session.connection().exec_driver_sql(f"{explain} {seen[0][0]}", seen[0][1]).all())


def fill(app: Flask, products: int) -> None:
    """Add this many products without the searched word, and update the statistics, which PostgreSQL's planner uses."""
    with app.app_context():
        shelf = db.session.scalar(select(Category.id).limit(1))
        goods = [
            {"id": 1000 + n, "slug": f"p-{n}", "category_id": shelf, "price": 1, "picture": ""} for n in range(products)
        ]
        words = [{"product_id": each["id"], "language": "en", "name": "", "search": "felt cap"} for each in goods]
        db.session.execute(insert(Product), goods)
        db.session.execute(insert(ProductText), words)
        db.session.execute(text("ANALYZE"))
        db.session.commit()


def test_a_search_reads_the_index(app: Flask) -> None:
    fill(app, 2000)
    add_product(app, "hat", name="Woollen hat")
    plan = plan_of(app, "woollen")
    if is_sqlite(app):
        assert "SCAN product_search VIRTUAL TABLE" in plan
        assert "TEMP B-TREE" not in plan
    else:
        assert "Index Scan on product_search" in plan


@pytest.mark.parametrize("places", [{"place": Place((3, 3))}, {"place": Place(before=(3, 3))}, {"category": "wool"}])
def test_a_page_of_products_is_read_from_its_beginning(demo_app: Flask, places: dict[str, Any]) -> None:
    plan = plan_of(demo_app, **places)
    assert "_position_id (" in plan
    assert "TEMP B-TREE" not in plan


def test_a_customer_finds_the_products_that_have_the_words_and_no_others(either_app: Flask) -> None:
    asked = [(language, row["q"], row["products"]) for language, rows in QUERIES.items() for row in rows]
    assert {language for language, _q, _products in asked} == set(LANGUAGES)
    answers = [(language, q, found(either_app, q, language)) for language, q, _products in asked]
    assert answers == asked


def test_every_text_in_the_demo_is_in_the_index(either_app: Flask) -> None:
    with either_app.app_context():
        for slug, name in db.session.execute(
            select(Product.slug, ProductText.name).join(ProductText).where(ProductText.language == "en")
        ):
            assert slug in [each.slug for each in find_products(db.session(), "en", name).rows]
