"""Load the sample products of `products.json`, a small shop in both languages."""

from pathlib import Path

from sqlalchemy.orm import Session

from app.shop import product_import

FILE = Path(__file__).with_name("products.json")


def load(session: Session, path: Path = FILE) -> int:
    """Add or update the sample products and return their number. The caller commits."""
    return product_import.load(session, path)
