"""Load the sample products of `products.json`, a small shop in both languages."""

import json
from pathlib import Path

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.shop import product_import
from app.shop.models import Product

FILE = Path(__file__).with_name("products.json")


def load(session: Session, path: Path = FILE) -> int:
    """Add or update the sample products and return their number. The caller commits."""
    return product_import.load(session, path)


def restock(session: Session, path: Path = FILE) -> None:
    """Set the stock of the sample products to what it was at first. The caller commits."""
    for row in json.loads(path.read_text(encoding="utf-8"))["products"]:
        session.execute(update(Product).where(Product.slug == row["slug"]).values(stock=row["stock"]))
