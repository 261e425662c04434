"""A setting that leaves a part out (`PASSWORDS=0`, `VIPPS_CONSENT_SCOPE=none`) takes it out of every page and email.

The pages are read from the URL map, so that a new page cannot be forgotten.
"""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import update

from app.customers import account_emails
from app.customers.consents import consent_prompt
from app.customers.models import Customer, CustomerSession
from app.database import db, utcnow
from tests.attacks.steps import rules
from tests.conftest import browser_of
from tests.customers.steps import add_customer, enter, mails
from tests.pages import Page
from tests.shop.steps import add_category, add_product, put_into_cart
from tests.staff.steps import at_work

# Words about the part, in a page's text or in a link, and addresses that do not exist without the part.
PARTS = {
    "passwords": ("PASSWORDS", "0", "password|register|create an account", ("/register", "/login/password")),
    "consents": (
        "VIPPS_CONSENT_SCOPE", "none", r"consent|news and offers|saying yes|said yes|audience",
        ("/account/consents", "/account/consents/evidence", "/staff/audience"),
    ),
}  # fmt: skip
# Staff log in by password in every shop, the guide explains both parts, and a file is not a page.
ELSEWHERE = re.compile(r"static|site_files|i18n|guide\.|staff\.(login|vipps_links)\.|openapi")
# The notice says that the shop's cookies need no consent, and the copy of the data has earlier answers.
HARMLESS = re.compile("so we don’t ask for consent|Your answers about news and offers, with the proof")


@pytest.mark.parametrize("part", PARTS)
def test_no_page_and_no_email_names_what_is_left_out(make_app: Callable[..., Flask], part: str) -> None:
    setting, value, words, gone = PARTS[part]
    app = make_app(**{setting: value}, DEMO="0")
    customer_id = add_customer(app, vipps=True)
    add_category(app)
    add_product(app, "enamel-mug")
    visitor, customer, staff = browser_of(app), browser_of(app), at_work(app)
    enter(app, customer, customer_id)
    put_into_cart(customer, "enamel-mug")
    seen, found = set(), []
    for who, browser in (("visitor", visitor), ("customer", customer), ("confirmed", customer), ("staff", staff)):
        if who == "confirmed":  # some pages open only after a re-authentication
            with app.app_context():
                db.session.execute(update(CustomerSession).values(confirmed_at=utcnow()))
                db.session.commit()
        for rule, path in rules(app):
            if ELSEWHERE.match(rule.endpoint) or rule.endpoint.startswith("staff.") != (who == "staff"):
                continue
            response = browser.get(path)
            if response.status_code != 200 or response.mimetype != "text/html":
                continue
            assert '<html lang="en"' in response.text  # the words are English
            seen.add(path)
            page = Page(response.text)
            links = [str(each.get("href") or each.get("action")) for each in page.select("a, form")]
            text = HARMLESS.sub("", page.one("body").get_text())
            found += [(who, path, each) for each in re.findall(words, " ".join([text, *links]), re.IGNORECASE)]
    assert found == []
    assert seen >= {
        "/", "/cart", "/checkout", "/login", "/account", "/account/profile", "/account/delete", "/privacy", "/terms",
        "/staff", "/staff/orders", "/staff/customers/1",
    }  # fmt: skip
    assert {(staff if path.startswith("/staff") else customer).get(path).status_code for path in gone} <= {404, 405}
    with app.test_request_context():
        known = db.session.get_one(Customer, customer_id)
        new = db.session.get_one(Customer, add_customer(app, "new@example.com"))
        assert consent_prompt.is_due(new, None) is (part != "consents")
        for kind in ("vipps_connected", "support_disconnected", "sharing_revoked", "blocked"):
            account_emails.send(known, kind)
        db.session.commit()
    assert [each.kind for each in mails(app) if re.search(words, each.body, re.IGNORECASE)] == []
