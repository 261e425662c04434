"""The list of all orders: its order, its pages, what a row shows, and its audit entry."""

from collections.abc import Sequence

from flask import Flask
from flask.testing import FlaskClient

from app.database import db
from app.shop.models import Order
from app.staff.models import ROWS_PER_PAGE
from tests.conftest import open_page
from tests.customers.steps import add_customer
from tests.pages import check_page
from tests.staff.steps import at_work, audit_entries

MANY = ROWS_PER_PAGE + 2
STATUSES = {"placed": "Placed", "awaiting_payment": "Awaiting payment", "paid": "Paid", "expired": "Expired"}


def add_orders(app: Flask, customer_id: int | None, statuses: Sequence[str]) -> None:
    """Add one order for each status, with the numbers M-0001, M-0002 and so on."""
    rest = {"language": "nb", "email": "", "phone": "", "delivery": "pickup", "total": 129900}
    with app.app_context():
        for count, status in enumerate(statuses, 1):
            order = Order(number=f"M-{count:04}", checkout_key=str(count), status=status, name="Tuva <Lien>", **rest)
            order.customer_id = customer_id
            db.session.add(order)
            db.session.flush()
        db.session.commit()


def numbers(client: FlaskClient, path: str) -> tuple[list[str], str | None]:
    """Return the order numbers on a page, and the address of the next page."""
    page = open_page(client, path)
    following = page.select("nav.pages a[rel=next]")
    found = [cell.get_text() for cell in page.select("td:first-child code")]
    return found, str(following[0]["href"]) if following else None


def test_a_row_shows_the_order_and_links_to_the_customer(app: Flask) -> None:
    customer_id = add_customer(app)
    add_orders(app, customer_id, list(STATUSES))
    client = at_work(app)
    page = check_page(client.get("/staff/orders"))
    rows = page.select("tbody tr")
    assert [row.select("td")[-1].get_text() for row in rows] == list(reversed(STATUSES.values()))
    text = rows[0].get_text(" ", strip=True)
    assert "M-0004" in text
    assert "Tuva <Lien>" in text
    assert "1299" in text.replace(",", "").replace(" ", "").replace("\N{NO-BREAK SPACE}", "")
    assert str(rows[0].select("a")[0]["href"]) == f"/staff/customers/{customer_id}"
    assert [entry for entry in audit_entries(app) if entry[0] == "orders"] == [("orders", None, "4")]
    assert "Listed orders" in client.get("/staff/looks").text


def test_the_pages_go_from_the_newest_to_the_oldest_order(app: Flask) -> None:
    add_orders(app, None, ["placed"] * MANY)
    client = at_work(app)
    first, following = numbers(client, "/staff/orders")
    assert following is not None
    last, end = numbers(client, following)
    assert first + last == [f"M-{count:04}" for count in range(MANY, 0, -1)]
    assert end is None
    assert client.get("/staff/orders?before=x").status_code == 404
    assert [entry[2] for entry in audit_entries(app)] == [str(ROWS_PER_PAGE), "2"]
