"""Join the text of a product or category: in the page's language, or in English if it has no text in that language."""

from typing import Any

from sqlalchemy import ColumnElement, case, select
from sqlalchemy.orm import aliased

from app.i18n import DEFAULT_LANGUAGE
from app.shop.models import Category, CategoryText, Product, ProductText


def product_text_in(language: Any) -> ColumnElement[bool]:
    """Return the condition that joins `Product` with one text; `language` is a tag or a bound parameter."""
    translated = aliased(ProductText)
    has_text = select(1).where(translated.product_id == Product.id, translated.language == language).exists()
    best = case((has_text, language), else_=DEFAULT_LANGUAGE)
    return (ProductText.product_id == Product.id) & (ProductText.language == best)


def category_text_in(language: Any) -> ColumnElement[bool]:
    """Return the condition that joins `Category` with one text; `language` is a tag or a bound parameter."""
    translated = aliased(CategoryText)
    has_text = select(1).where(translated.category_id == Category.id, translated.language == language).exists()
    best = case((has_text, language), else_=DEFAULT_LANGUAGE)
    return (CategoryText.category_id == Category.id) & (CategoryText.language == best)
