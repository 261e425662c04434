"""The shop's tables: what is for sale, what is in a cart, what was ordered.

Texts are rows per language, so that search works in the language on the screen; every product and category has
one text in each of the shop's languages, which the demo data's test checks. Money is a whole number of øre. An
order copies what it needs (names, prices, the recipient), so that it still says what was agreed after the
product, or the customer, has changed or gone.
"""

from datetime import datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.database import Base, UtcDateTime, utcnow


class Category(Base):
    """A shelf of the shop."""

    __tablename__ = "category"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(60), unique=True)
    position: Mapped[int] = mapped_column(default=0)

    texts: Mapped[list["CategoryText"]] = relationship(cascade="all, delete-orphan")


class CategoryText(Base):
    """A category's words in one language."""

    __tablename__ = "category_text"

    category_id: Mapped[int] = mapped_column(ForeignKey("category.id", ondelete="CASCADE"), primary_key=True)
    language: Mapped[str] = mapped_column(String(5), primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    intro: Mapped[str] = mapped_column(String(500), default="")


class Product(Base):
    """A thing for sale. `price` is in øre; `picture` is a path below `static/`."""

    __tablename__ = "product"
    __table_args__ = (
        CheckConstraint("stock >= 0", name="stock_not_negative"),
        CheckConstraint("price >= 0", name="price_not_negative"),
        # In the order of the shelves: a page begins where the one before ended.
        Index("ix_product_position_id", "position", "id"),
        Index("ix_product_category_id_position_id", "category_id", "position", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"))
    price: Mapped[int]
    stock: Mapped[int] = mapped_column(default=0)
    picture: Mapped[str] = mapped_column(String(200))
    featured: Mapped[bool] = mapped_column(default=False)
    position: Mapped[int] = mapped_column(default=0)

    texts: Mapped[list["ProductText"]] = relationship(cascade="all, delete-orphan")


class ProductText(Base):
    """A product's words in one language. `search` is all of them case-folded, and indexed: see `app/shop/search.py`."""

    __tablename__ = "product_text"

    product_id: Mapped[int] = mapped_column(ForeignKey("product.id", ondelete="CASCADE"), primary_key=True)
    language: Mapped[str] = mapped_column(String(5), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    summary: Mapped[str] = mapped_column(String(500), default="")
    description: Mapped[str] = mapped_column(Text, default="")
    details: Mapped[list[dict[str, str]]] = mapped_column(JSON, default=list)
    search: Mapped[str] = mapped_column(Text, default="")


class Cart(Base):
    """A guest's cart, named by the hash of a cookie, or a customer's, named by the customer; never both.

    A cart that becomes a customer's loses its cookie, so what the customer chose is not shown to whoever
    uses the browser after a logout.
    """

    __tablename__ = "cart"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id", ondelete="CASCADE"), unique=True)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow, index=True)


class CartLine(Base):
    """So many of a product in a cart; a product is in a cart once."""

    __tablename__ = "cart_line"
    __table_args__ = (CheckConstraint("quantity BETWEEN 1 AND 99", name="quantity_in_range"),)

    cart_id: Mapped[int] = mapped_column(ForeignKey("cart.id", ondelete="CASCADE"), primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id", ondelete="CASCADE"), primary_key=True, index=True)
    quantity: Mapped[int]
    added_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)


class Order(Base):
    """What a customer ordered. The recipient is a copy: a later change of the account does not rewrite it.

    `number` is what people see and cannot guess; `checkout_key` makes a form that is sent twice one order.
    """

    __tablename__ = "shop_order"
    __table_args__ = (
        UniqueConstraint("customer_id", "checkout_key"),
        Index("ix_shop_order_customer_id_placed_at", "customer_id", "placed_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(20), unique=True)
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id", ondelete="SET NULL"))
    checkout_key: Mapped[str] = mapped_column(String(64))
    placed_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    status: Mapped[str] = mapped_column(String(20), default="placed")
    language: Mapped[str] = mapped_column(String(5))
    name: Mapped[str] = mapped_column(String(200))
    email: Mapped[str] = mapped_column(String(320))
    phone: Mapped[str] = mapped_column(String(20))
    address: Mapped[list[str]] = mapped_column(JSON, default=list)
    delivery: Mapped[str] = mapped_column(String(20))
    total: Mapped[int]

    lines: Mapped[list["OrderLine"]] = relationship(cascade="all, delete-orphan", order_by="OrderLine.id")


class OrderLine(Base):
    """So many of a product at the price agreed; the product itself may be gone since."""

    __tablename__ = "order_line"

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("shop_order.id", ondelete="CASCADE"), index=True)
    slug: Mapped[str] = mapped_column(String(80))
    name: Mapped[str] = mapped_column(String(200))
    unit_price: Mapped[int]
    quantity: Mapped[int]

    @property
    def sum(self) -> int:
        """Return what the line costs, in øre."""
        return self.unit_price * self.quantity
