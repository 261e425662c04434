"""Read categories and products from a JSON file into the database; safe to repeat.

A repeated import updates texts, prices, pictures and order. It leaves the stock of existing products alone, because
orders have reduced it since. A product that is missing in the file stays: it may come from another file.
"""

import json
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.shop.models import Category, CategoryText, Product, ProductText
from app.shop.search import searchable


def load(session: Session, path: Path) -> int:
    """Add or update the categories and products of a file; return the number of its products. The caller commits."""
    data = json.loads(path.read_text(encoding="utf-8"))
    categories = {category.slug: category for category in session.scalars(select(Category))}
    for position, row in enumerate(data["categories"]):
        categories[row["slug"]] = _put_category(session, categories.get(row["slug"]), row, position)
    session.flush()
    products = {product.slug: product for product in session.scalars(select(Product))}
    for position, row in enumerate(data["products"]):
        _put_product(session, products.get(row["slug"]), row, categories[row["category"]], position)
    session.flush()
    return len(data["products"])


def _put_category(session: Session, category: Category | None, data: dict[str, Any], position: int) -> Category:
    if category is None:
        category = Category(slug=data["slug"])
        session.add(category)
    category.position = position
    existing = {text.language: text for text in category.texts}
    for language in data["name"]:
        text = existing.get(language) or CategoryText(language=language)
        text.name, text.intro = data["name"][language], data["intro"][language]
        if language not in existing:
            category.texts.append(text)
    return category


def _put_product(
    session: Session, product: Product | None, data: dict[str, Any], category: Category, position: int
) -> None:
    if product is None:
        product = Product(slug=data["slug"], stock=data["stock"])
        session.add(product)
    product.category_id, product.position = category.id, position
    product.price, product.picture, product.featured = data["price"], f"products/{data['picture']}", data["featured"]
    existing = {text.language: text for text in product.texts}
    for language in data["name"]:
        text = existing.get(language) or ProductText(language=language)
        _fill_text(text, data, category.texts, language)
        if language not in existing:
            product.texts.append(text)


def _fill_text(text: ProductText, data: dict[str, Any], categories: list[CategoryText], language: str) -> None:
    text.name, text.summary = data["name"][language], data["summary"][language]
    text.description = data["description"][language]
    text.details = [{"label": d["label"][language], "value": d["value"][language]} for d in data["details"]]
    shelf = next(each.name for each in categories if each.language == language)
    values = [detail["value"] for detail in text.details]
    text.search = searchable(text.name, text.summary, text.description, shelf, *values)
