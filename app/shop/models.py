"""The shop's tables: products, carts and orders.

Texts are rows per language, so that search works in the page's language. Every product and category has an English
text, which is shown where a translation is missing. Money is a whole number of øre. An order copies what it needs
(names, prices, the recipient), so it still shows what was agreed after the product or the customer has changed or is
deleted.
"""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, aliased, mapped_column, relationship

from app.database import Base, UtcDateTime, utcnow
from app.i18n import DEFAULT_LANGUAGE


class Category(Base):
    """A category of products."""

    __tablename__ = "category"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(sa.String(60), unique=True)
    position: Mapped[int] = mapped_column(default=0)

    texts: Mapped[list["CategoryText"]] = relationship(cascade="all, delete-orphan")


class CategoryText(Base):
    """A category's text in one language."""

    __tablename__ = "category_text"

    category_id: Mapped[int] = mapped_column(sa.ForeignKey("category.id", ondelete="CASCADE"), primary_key=True)
    language: Mapped[str] = mapped_column(sa.String(5), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(100))
    intro: Mapped[str] = mapped_column(sa.String(500), default="")


class Product(Base):
    """A product. `price` is in øre; `picture` is a path below `static/`."""

    __tablename__ = "product"
    __table_args__ = (
        sa.CheckConstraint("stock >= 0", name="stock_not_negative"),
        sa.CheckConstraint("price >= 0", name="price_not_negative"),
        # The shop's order, for keyset pagination: see `app/pagination.py`.
        sa.Index("ix_product_position_id", "position", "id"),
        sa.Index("ix_product_category_id_position_id", "category_id", "position", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(sa.String(80), unique=True)
    category_id: Mapped[int] = mapped_column(sa.ForeignKey("category.id"))
    price: Mapped[int]
    stock: Mapped[int] = mapped_column(default=0)
    picture: Mapped[str] = mapped_column(sa.String(200))
    featured: Mapped[bool] = mapped_column(default=False)
    position: Mapped[int] = mapped_column(default=0)

    texts: Mapped[list["ProductText"]] = relationship(cascade="all, delete-orphan")


class ProductText(Base):
    """A product's text in one language. `search` is all of it, case-folded and indexed: see `app/shop/search.py`."""

    __tablename__ = "product_text"

    product_id: Mapped[int] = mapped_column(sa.ForeignKey("product.id", ondelete="CASCADE"), primary_key=True)
    language: Mapped[str] = mapped_column(sa.String(5), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(200))
    summary: Mapped[str] = mapped_column(sa.String(500), default="")
    description: Mapped[str] = mapped_column(sa.Text, default="")
    details: Mapped[list[dict[str, str]]] = mapped_column(sa.JSON, default=list)
    search: Mapped[str] = mapped_column(sa.Text, default="")


class Cart(Base):
    """A guest's cart, found by the hash of a cookie, or a customer's cart, found by the customer; never both.

    A cart that becomes a customer's loses its cookie, so the browser's next user does not see it after a logout.
    """

    __tablename__ = "cart"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str | None] = mapped_column(sa.String(64), unique=True)
    customer_id: Mapped[int | None] = mapped_column(sa.ForeignKey("customer.id", ondelete="CASCADE"), unique=True)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow, index=True)


class CartLine(Base):
    """A quantity of a product in a cart; a product has one line per cart."""

    __tablename__ = "cart_line"
    __table_args__ = (sa.CheckConstraint("quantity BETWEEN 1 AND 99", name="quantity_in_range"),)

    cart_id: Mapped[int] = mapped_column(sa.ForeignKey("cart.id", ondelete="CASCADE"), primary_key=True)
    product_id: Mapped[int] = mapped_column(
        sa.ForeignKey("product.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    quantity: Mapped[int]
    added_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)


class Order(Base):
    """An order. The recipient is a copy: a later change of the account does not change it.

    `number` is shown to people and cannot be guessed; `checkout_key` makes a form that is sent twice one order.
    """

    __tablename__ = "shop_order"
    __table_args__ = (
        sa.UniqueConstraint("customer_id", "checkout_key"),
        sa.Index("ix_shop_order_customer_id_placed_at", "customer_id", "placed_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(sa.String(20), unique=True)
    customer_id: Mapped[int | None] = mapped_column(sa.ForeignKey("customer.id", ondelete="SET NULL"))
    checkout_key: Mapped[str] = mapped_column(sa.String(64))
    placed_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    status: Mapped[str] = mapped_column(sa.String(20), default="placed")
    language: Mapped[str] = mapped_column(sa.String(5))
    name: Mapped[str] = mapped_column(sa.String(200))
    email: Mapped[str] = mapped_column(sa.String(320))
    phone: Mapped[str] = mapped_column(sa.String(20))
    address: Mapped[list[str]] = mapped_column(sa.JSON, default=list)
    delivery: Mapped[str] = mapped_column(sa.String(20))
    total: Mapped[int]

    lines: Mapped[list["OrderLine"]] = relationship(cascade="all, delete-orphan", order_by="OrderLine.id")


class OrderLine(Base):
    """A quantity of a product at the agreed price; the product itself may have been deleted since."""

    __tablename__ = "order_line"

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(sa.ForeignKey("shop_order.id", ondelete="CASCADE"), index=True)
    slug: Mapped[str] = mapped_column(sa.String(80))
    name: Mapped[str] = mapped_column(sa.String(200))
    unit_price: Mapped[int]
    quantity: Mapped[int]

    @property
    def sum(self) -> int:
        """Return the price of the line, in øre."""
        return self.unit_price * self.quantity


def product_text_in(language: Any) -> sa.ColumnElement[bool]:
    """Return the condition that joins `Product` with one text: in the language, a tag or a parameter, or in English."""
    translated = aliased(ProductText)
    has_text = sa.select(1).where(translated.product_id == Product.id, translated.language == language).exists()
    best = sa.case((has_text, language), else_=DEFAULT_LANGUAGE)
    return (ProductText.product_id == Product.id) & (ProductText.language == best)


def category_text_in(language: Any) -> sa.ColumnElement[bool]:
    """Return the condition that joins `Category` with one text, as `product_text_in` does."""
    translated = aliased(CategoryText)
    has_text = sa.select(1).where(translated.category_id == Category.id, translated.language == language).exists()
    best = sa.case((has_text, language), else_=DEFAULT_LANGUAGE)
    return (CategoryText.category_id == Category.id) & (CategoryText.language == best)
