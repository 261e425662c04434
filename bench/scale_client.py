"""Run a shop of one size in a separate process, driven through WSGI: `python -m bench.scale_client SIZE`.

It fills its database first. For each line `request times` it makes the request that often and prints the processor time
of one.
"""

import json
import os
import re
import sys
import time
from collections.abc import Callable
from itertools import count

from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.customers.passwords import hashing
from app.database import db
from app.security import cookie_name
from app.staff.models import Staff
from app.staff.sessions import STAFF_COOKIE, start_session
from app.vipps.config import ISSUER_PATH
from bench import rows
from bench.lab import CLIENT_ID, SHOP_ORIGIN
from bench.login_client import PEOPLE, START, log_in

SHOWN = 24  # a page of products


class Shop:
    """The shop, with browsers of a visitor, a customer and a staff member."""

    def __init__(self, app: Flask, size: int) -> None:
        self.app, self.size, self._machines = app, size, count(1)
        self.visitor, self.staff = app.test_client(), app.test_client()
        with app.test_request_context(base_url=SHOP_ORIGIN):
            self.fill()
            staff = Staff(email="staff@example.org", name="Staff", password_hash=hashing.make_hash("not used"))
            token = start_session(staff)
            db.session.commit()
            self.staff.set_cookie(cookie_name(STAFF_COOKIE), token, domain="shop.example", secure=True)
        for person in range(PEOPLE):
            self.customer = self.log_in(person)
        self.found_one, self.found_many = map(self.search, self.words())

    def fill(self) -> None:
        """Add the rows."""
        rows.fill(db.session(), os.environ["VIPPS_BASE_URL"] + ISSUER_PATH, CLIENT_ID, self.size)

    def words(self) -> tuple[str, str]:
        """Return a word that one customer has, and one that all have."""
        return rows.own_word(self.size // 2), rows.FAMILY

    def log_in(self, person: int) -> FlaskClient:
        """Log a person in from a new IP address."""
        number = next(self._machines)
        address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        return log_in(self.app, START["shop"], person, address)

    def search(self, text: str) -> str:
        """Search as staff, and return the address of the result."""
        page = self.staff.get("/staff", base_url=SHOP_ORIGIN)
        token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
        assert token, page.status
        form, headers = {"q": text, "csrf_token": token[1]}, {"Referer": f"{SHOP_ORIGIN}/staff"}
        return self.staff.post("/staff/search", data=form, headers=headers, base_url=SHOP_ORIGIN).headers["Location"]

    def pages(self) -> dict[str, tuple[FlaskClient, str]]:
        """Return the browser and the address of each request."""
        before_last = self.size - SHOWN
        return {
            "front page": (self.visitor, "/"),
            "front page of a customer": (self.customer, "/"),
            "product": (self.visitor, f"/products/product-{self.size}"),
            "my page": (self.customer, "/account"),
            "last page": (self.visitor, f"/?after={before_last}.{before_last}"),
            "last page of a category": (self.visitor, f"/?category=goods&after={before_last}.{before_last}"),
            "search with one hit": (self.visitor, f"/?q={rows.own_word(self.size // 2)}"),
            "search that all match": (self.visitor, "/?q=kettle"),
            "staff: one customer found": (self.staff, self.found_one),
            "staff: all customers found": (self.staff, self.found_many),
            "staff: errors": (self.staff, "/staff/errors"),
            "staff: last deliveries": (self.staff, "/staff/deliveries?before=25"),
            "staff: a customer": (self.staff, f"/staff/customers/{self.size}"),
        }

    def do(self, what: str, times: int) -> float:
        """Make a request a number of times; return the seconds of processor time of one."""
        if what == "login":
            return taken(lambda: [self.log_in(person % PEOPLE) for person in range(times)]) / times
        browser, path = self.pages()[what]

        def ask() -> None:
            for _ in range(times):
                answer = browser.get(path, base_url=SHOP_ORIGIN)
                assert answer.status_code == 200, f"{what}: {answer.status}"

        return taken(ask) / times


def taken(work: Callable[[], object]) -> float:
    """Return the seconds of this process's time that some work takes."""
    began = time.process_time()
    work()
    return time.process_time() - began


def run(shop: Shop) -> None:
    """Run requests until standard input ends."""
    print("ready", flush=True)
    for line in sys.stdin:
        what, _, times = line.strip().rpartition(" ")
        print(json.dumps({"seconds": shop.do(what, int(times))}), flush=True)


if __name__ == "__main__":
    run(Shop(create_app(), int(sys.argv[1])))
