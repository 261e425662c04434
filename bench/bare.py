"""A minimal page to compare the shop's front page with: the same 24 cards and nothing else.

It combines Flask, Jinja and Flask-SQLAlchemy as their tutorials do: entities from SQLite into a template. It has no
languages, sessions, security headers, log or search; paths are literal, which is cheaper than `url_for`.
"""

import json
import os
from pathlib import Path

from flask import Flask, render_template
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

ROOT = Path(__file__).resolve().parent.parent
GOODS = ROOT / "samples" / "products.json"
ON_A_PAGE = 24


class Base(DeclarativeBase):
    """The base of the one model."""


db = SQLAlchemy(model_class=Base)


class Product(Base):
    """A product."""

    __tablename__ = "product"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str]
    name: Mapped[str]
    summary: Mapped[str]
    price: Mapped[int]
    stock: Mapped[int]
    picture: Mapped[str]
    featured: Mapped[bool]
    position: Mapped[int] = mapped_column(index=True)

    @property
    def kroner(self) -> str:
        """Return the price as text."""
        return f"{self.price / 100:.2f} kr"


def create_app() -> Flask:
    """Build the app on the database that the environment names."""
    app = Flask(__name__, static_folder=str(ROOT / "static"))
    app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["BARE_DATABASE_URL"]
    db.init_app(app)

    @app.get("/")
    def home() -> str:
        products = db.session.scalars(db.select(Product).order_by(Product.position).limit(ON_A_PAGE)).all()
        return render_template("home.html", products=products)

    return app


def fill() -> None:
    """Create the tables and fill them with the demo's products, in English."""
    db.create_all()
    for position, goods in enumerate(json.loads(GOODS.read_text(encoding="utf-8"))["products"]):
        product = Product(position=position, name=goods["name"]["en"], summary=goods["summary"]["en"])
        product.slug, product.price, product.stock = goods["slug"], goods["price"], goods["stock"]
        product.picture, product.featured = f"products/{goods['picture']}", goods["featured"]
        db.session.add(product)
    db.session.commit()


if __name__ == "__main__":
    with create_app().app_context():
        fill()
