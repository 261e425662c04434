"""A crowd of new customers logs in and orders at two hosts, while workers of the hosts are killed.

Every answer stays true afterwards. A person whose connection was cut retries: a login from the login button, an
order by sending the same form. `CROWD=200 pytest tests/hosts` sends as many people as that.
"""

import os
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from itertools import count

import pytest
from sqlalchemy import func, select

from app.customers.models import ConsentRecord, Customer, CustomerSession, VippsLink
from app.database import db
from app.mail import Mail
from app.shop.models import Order, OrderLine, Product
from tests.hosts.browser import Answer, Browser, RefusedError
from tests.hosts.conftest import Place
from tests.hosts.people import CONSENTS, subject
from tests.hosts.processes import Host
from tests.shop.steps import RECIPIENT

pytestmark = [pytest.mark.postgresql, pytest.mark.slow]

CROWD = int(os.environ.get("CROWD", "16"))
KILLS = max(3, CROWD // 12)
TRIES = 30
SLUG = "enamel-mug"
PLENTY = 10_000


class Reaper:
    """Kills a worker of the host that receives a request, at every nth request, up to a maximum.

    Each person whose connection is cut retries: without a maximum, every kill would cause the next one.
    """

    def __init__(self, every: int) -> None:
        self._every, self._sent, self._lock = every, count(1), threading.Lock()
        self.kills = 0

    def __call__(self, host: Host) -> None:
        with self._lock:
            if self.kills < KILLS and next(self._sent) % self._every == 0:
                host.kill_a_worker()
                self.kills += 1


class Person:
    """A customer who wants to log in and order one product, and retries."""

    def __init__(self, number: int, place: Place, reaper: Reaper) -> None:
        self.browser, self._hosts = Browser(number), place.hosts
        self._turn, self._reaper, self._email = number, reaper, number

    def host(self) -> Host:
        """Return the host for the next request; the hosts alternate."""
        self._turn += 1
        return self._hosts[self._turn % 2]

    def shop(self) -> str:
        """Log in and order; return the number of the order."""
        self._until(self._log_in)
        self._until(self._fill_cart)
        return self._until(self._order)

    def _until(self, step):
        for _ in range(TRIES):
            try:
                if done := step():
                    return done
            except (OSError, HTTPException, RefusedError):
                pass  # the connection was cut or the host is too busy: retry
        raise AssertionError(f"{step.__name__} was not done in {TRIES} tries")

    def _log_in(self) -> bool:
        callback = self.browser.start(self.host(), "/checkout")
        return self._dangerously("GET", callback).location == "/checkout"

    def _fill_cart(self) -> bool:
        fields = self.browser.hidden(self.browser.get(self.host(), f"/products/{SLUG}").text)
        added = self.browser.post(self.host(), "/cart/add", {**fields, "product": SLUG, "quantity": "1"})
        return added.location == "/cart"

    def _order(self) -> str:
        page = self.browser.get(self.host(), "/checkout")
        if page.status != 200:
            raise RefusedError(page)
        recipient = {**RECIPIENT, "email": f"{self._email}@example.com"}  # an address gets few receipts an hour
        form = {**recipient, **self.browser.hidden(page.text)}
        for _ in range(TRIES):  # the same form: sending it again places no second order
            try:
                location = self._dangerously("POST", "/checkout", form).location
            except (OSError, HTTPException):
                continue
            return location.removeprefix("/orders/") if location.startswith("/orders/") else ""
        return ""

    def _dangerously(self, method: str, target: str, form: dict[str, str] | None = None) -> Answer:
        """Send a request during which a worker may be killed."""
        self.browser.sent = self._reaper
        try:
            if form is None:
                return self.browser.get(self.host(), target)
            return self.browser.post(self.host(), target, form)
        finally:
            self.browser.sent = lambda host: None


@pytest.mark.timeout(300)  # restarting each killed worker takes seconds on a busy machine
def test_no_login_or_order_is_lost_doubled_or_half_written(place: Place) -> None:
    with place.app.app_context():
        db.session.execute(Product.__table__.update().where(Product.slug == SLUG).values(stock=PLENTY))
        db.session.commit()
        first = (db.session.scalar(select(func.max(Customer.id))) or 0) + 1
    reaper = Reaper(every=2 * CROWD // KILLS)
    people = [Person(number, place, reaper) for number in range(1, CROWD + 1)]
    with ThreadPoolExecutor(CROWD) as crowd:
        answered = list(crowd.map(Person.shop, people))
    assert reaper.kills == KILLS
    with place.app.app_context():
        _everybody_is_one_customer_with_all_consents(first)
        _every_order_is_there_once(answered)


def _everybody_is_one_customer_with_all_consents(first: int) -> None:
    newcomers = select(Customer.id).where(Customer.id >= first)
    subjects = db.session.scalars(select(VippsLink.subject).where(VippsLink.customer_id.in_(newcomers))).all()
    assert sorted(subjects) == sorted(subject(number) for number in range(1, CROWD + 1))
    customers = db.session.scalars(newcomers).all()
    assert len(customers) == CROWD
    asked = sorted(consent["id"] for consent in CONSENTS["consents"])
    for customer in customers:
        given = select(ConsentRecord.consent_id).where(ConsentRecord.customer_id == customer)
        assert sorted(db.session.scalars(given)) == asked
        assert db.session.scalar(select(func.count()).where(CustomerSession.customer_id == customer))


def _every_order_is_there_once(answered: list[str]) -> None:
    orders = db.session.scalars(select(Order)).all()
    assert sorted(order.number for order in orders) == sorted(answered)
    assert Counter(order.customer_id for order in orders).most_common(1)[0][1] == 1
    receipts = db.session.scalars(select(Mail).where(Mail.kind == "order")).all()
    assert len(receipts) == CROWD
    sold = db.session.scalar(select(func.sum(OrderLine.quantity)).where(OrderLine.slug == SLUG))
    assert db.session.scalars(select(Product.stock).where(Product.slug == SLUG)).one() == PLENTY - (sold or 0)
