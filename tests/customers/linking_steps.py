"""Steps of the account linking tests: add an account, return from Vipps, and read the links."""

from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select

from app.customers.models import Activity, Customer, CustomerSession, PendingLink, VippsLink
from app.customers.passwords import hashing
from app.database import db, utcnow
from tests.conftest import browser_of, open_page, post
from tests.customers.steps import link_in, mails
from tests.vipps_person import VippsPerson, led_on

PASSWORD = "seven small boats"
# A test person without an account in the demo, and the words of their name.
PERSON, NAME, EMAIL, PHONE = "gunnar", "Gunnar Lie", "gunnar.lie@example.com", "4790000018"
PROVE = "/login/vipps/prove"


def has_email(vipps: VippsPerson) -> None:
    """Give the person an email address that Vipps has verified."""
    vipps.patch(f"persons/{PERSON}", {"email": EMAIL, "email_state": "confirmed"})


def add_account(vipps: VippsPerson, *, linked_to: str = "", **changes: Any) -> int:
    """Add the person's own account with verified values, apart from the given changes; return its id."""
    now = utcnow()
    values = {
        "email": EMAIL, "email_verified_at": now, "phone_number": PHONE, "phone_verified_at": now, "name": NAME,
        "password_hash": hashing.make_hash(PASSWORD),
    }  # fmt: skip
    settings = vipps.app.extensions["settings"]
    with vipps.app.app_context():
        customer = Customer(**{**values, **changes})
        db.session.add(customer)
        if linked_to:
            issuer = f"{settings.provider_url}/access-management-1.0/access/"
            link = VippsLink(customer=customer, issuer=issuer, client_id=settings.client_id, subject=linked_to)
            db.session.add(link)
        db.session.commit()
        return customer.id


def customer(vipps: VippsPerson, customer_id: int) -> Customer:
    with vipps.app.app_context():
        return db.session.get_one(Customer, customer_id)


def links_of(vipps: VippsPerson, customer_id: int) -> list[str]:
    with vipps.app.app_context():
        return list(db.session.scalars(select(VippsLink.subject).where(VippsLink.customer_id == customer_id)))


def decisions_of(vipps: VippsPerson, customer_id: int | None) -> list[str]:
    """Return the decisions about an account, the oldest first; `customer_id` is None for those without an account."""
    of = Activity.customer_id == customer_id if customer_id else Activity.customer_id.is_(None)
    with vipps.app.app_context():
        lines = db.session.scalars(select(Activity).where(of, Activity.decision.is_not(None)).order_by(Activity.id))
        return [str(line.decision) for line in lines]


def who_is_in(vipps: VippsPerson, browser: FlaskClient | None = None) -> int | None:
    """Return the customer of a browser's session, by the row behind its cookie."""
    from app.tokens import secret_hash

    cookie = (browser or vipps.browser).get_cookie("session", domain="localhost")
    if cookie is None or (browser or vipps.browser).get("/account").status_code != 200:
        return None
    with vipps.app.app_context():
        row = select(CustomerSession.customer_id).where(CustomerSession.token_hash == secret_hash(cookie.value))
        return db.session.scalar(row)


def waiting(vipps: VippsPerson) -> int:
    with vipps.app.app_context():
        return len(db.session.scalars(select(PendingLink)).all())


def log_in_by_password(vipps: VippsPerson, browser: FlaskClient, email: str = EMAIL, password: str = PASSWORD) -> Any:
    return post(browser, "/login/password", {"email": email, "password": password})


def begin_connecting(vipps: VippsPerson, browser: FlaskClient | None = None) -> str:
    """Press "connect" on the account page; return the authorization URL."""
    return begin(vipps, "/account/vipps/link", browser)


def begin(vipps: VippsPerson, path: str, browser: FlaskClient | None = None, **data: str) -> str:
    """Send a form that leads to Vipps; return the authorization URL."""
    browser = browser or vipps.browser
    return led_on(browser, post(browser, path, data, form_on="/account"))


def send_proof(browser: FlaskClient, path: str = PROVE, **data: str) -> Any:
    return post(browser, path, data, form_on=PROVE)


def mailed_link(vipps: VippsPerson, to: str = EMAIL) -> str:
    return link_in(mails(vipps.app, "prove_ownership", to)[-1], "login/vipps/prove")


def another_browser(vipps: VippsPerson) -> FlaskClient:
    return browser_of(vipps.app)


def h1(browser: FlaskClient, path: str, status: int = 200) -> str:
    return open_page(browser, path, status).h1
