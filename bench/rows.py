"""Create rows for a shop of any size: products, customers, consent records, and lines for the back office.

All products share one word and each has a unique one; all customers share a family name and each has a unique given
name. So a search finds a full page or exactly one row at every size.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from app.customers.models import Activity, ConsentRecord, Customer, VippsLink, WebhookDelivery
from app.database import Base, utcnow
from app.i18n import LANGUAGES
from app.shop.models import Category, CategoryText, Product, ProductText
from app.staff.models import ErrorReport

WORDS = "wool birch iron kettle lamp axe rope mitten hat sock mug knife board spoon candle blanket cabin trail evening"
DESCRIPTION = f"{WORDS} and more words about a product that was made to be used for years. "
FAMILY = "Nordfjell"
AT_ONCE = 2000


def fill(session: Session, issuer: str, client_id: str, size: int) -> None:
    """Add the rows and update the database's statistics; the caller commits."""
    session.add(Category(id=1, slug="goods", texts=[CategoryText(language=each, name="Goods") for each in LANGUAGES]))
    session.flush()
    for numbers in _batches(size):
        for table, rows in _rows(numbers, issuer, client_id):
            session.execute(insert(table), rows)
    session.connection().exec_driver_sql("ANALYZE")


def own_word(number: int) -> str:
    """Return a word that only the product and the customer of this number have: its digits as letters."""
    return "q" + "".join("bcdfghjklm"[int(digit)] for digit in str(number)) + "x"


def _batches(size: int) -> Iterator[range]:
    for start in range(1, size + 1, AT_ONCE):
        yield range(start, min(start + AT_ONCE, size + 1))


def _rows(numbers: range, issuer: str, client_id: str) -> Iterator[tuple[type[Base], list[dict[str, Any]]]]:
    now = utcnow()
    yield Product, [_product(n) for n in numbers]
    yield ProductText, [_text(n, language) for n in numbers for language in LANGUAGES]
    yield Customer, [_customer(n) for n in numbers]
    unit = {"issuer": issuer, "client_id": client_id}
    yield VippsLink, [{**unit, "customer_id": n, "subject": f"subject-{n}"} for n in numbers]
    yield ConsentRecord, [_answer(n) for n in numbers]
    yield Activity, [{"customer_id": n, "kind": "logged_in", "reference": f"ACT-{n}"} for n in numbers]
    errors = {"code": "state_unknown", "status": 400}
    yield ErrorReport, [{**errors, "reference": f"ERR-{n}", "customer_id": n} for n in numbers]
    outcome = {"outcome": "revoked", "reference": "DEL"}
    yield WebhookDelivery, [{**outcome, "body_hash": f"{n:064}", "event_at": now, "customer_id": n} for n in numbers]


def _product(number: int) -> dict[str, Any]:
    slug, picture = f"product-{number}", "brand/mark.svg"
    return {"id": number, "slug": slug, "category_id": 1, "price": 9900, "stock": 5, "picture": picture,
            "position": number}  # fmt: skip


def _text(number: int, language: str) -> dict[str, Any]:
    name = f"Product {own_word(number)}"
    search = f"{name} {DESCRIPTION}".casefold()
    return {"product_id": number, "language": language, "name": name, "summary": DESCRIPTION[:60],
            "description": DESCRIPTION, "search": search}  # fmt: skip


def _customer(number: int) -> dict[str, Any]:
    now, given = utcnow(), own_word(number).capitalize()
    return {"id": number, "email": f"c{number}@example.org", "email_verified_at": now, "given_name": given,
            "family_name": FAMILY, "name": f"{given} {FAMILY}", "phone_number": f"46{number:08}"}  # fmt: skip


def _answer(number: int) -> dict[str, Any]:
    said = {"consent_id": "email", "granted": True, "text": "News by email", "language": "en", "source": "my_page"}
    return {**said, "customer_id": number, "object_hash": f"{number:064}"}
