"""Read categories and products from a JSON file into the database; safe to repeat.

A repeated import updates texts, prices, pictures and order. It leaves the stock of existing products alone, because
orders have reduced it since. A product that is missing in the file stays: it may come from another file.
An English name is required, because a text that has no translation is shown in English.
"""

import json
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.assets import PLACEHOLDER
from app.i18n import DEFAULT_LANGUAGE
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
        try:
            _put_product(session, products.get(row["slug"]), row, categories[row["category"]], position)
        except KeyError as error:
            raise ValueError(f"product {position + 1} ({row.get('slug')}): {error} is missing") from None
    session.flush()
    return len(data["products"])


def _put_category(session: Session, category: Category | None, data: dict[str, Any], position: int) -> Category:
    if category is None:
        category = Category(slug=data["slug"])
        session.add(category)
    category.position = position
    existing = {text.language: text for text in category.texts}
    for language in _languages(data):
        text = existing.get(language) or CategoryText(language=language)
        text.name, text.intro = data["name"][language], _text(data.get("intro"), language)
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
    product.price, product.featured = data["price"], data.get("featured", False)
    product.picture = f"products/{data['picture']}" if "picture" in data else PLACEHOLDER
    existing = {text.language: text for text in product.texts}
    for language in _languages(data):
        text = existing.get(language) or ProductText(language=language)
        _fill_text(text, data, category.texts, language)
        if language not in existing:
            product.texts.append(text)


def _fill_text(text: ProductText, data: dict[str, Any], categories: list[CategoryText], language: str) -> None:
    text.name, text.summary = data["name"][language], _text(data.get("summary"), language)
    text.description = _text(data.get("description"), language)
    details = data.get("details", ())
    text.details = [{key: _text(each[key], language) for key in ("label", "value")} for each in details]
    shelf = _text({each.language: each.name for each in categories}, language)
    values = [detail["value"] for detail in text.details]
    text.search = searchable(text.name, text.summary, text.description, shelf, *values)


def _languages(data: dict[str, Any]) -> list[str]:
    """Return the languages of a name; English must be one of them."""
    if DEFAULT_LANGUAGE not in data["name"]:
        raise KeyError(f"name.{DEFAULT_LANGUAGE}")
    return list(data["name"])


def _text(texts: dict[str, str] | None, language: str) -> str:
    """Return the text in a language, else in English, else an empty string."""
    return (texts or {}).get(language) or (texts or {}).get(DEFAULT_LANGUAGE, "")
