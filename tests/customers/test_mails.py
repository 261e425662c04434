"""The mails about an account: each can be written to everybody, in their language, and says nothing that was typed."""

from typing import Any

import pytest
from flask import Flask, render_template
from sqlalchemy import select

from app import about
from app.about import NAME
from app.customers.accounts import emails
from app.customers.models import Customer
from app.database import db
from app.i18n import LANGUAGES
from app.mail import Mail, compose
from tests.customers.steps import EMAIL, add_customer

TYPED = "Win a prize at evil.example"
OTHER = "another.person@example.com"

# The address that a mail goes to, if it is not the account's.
ELSEWHERE = {"change_email": OTHER, "email_changed": OTHER}
# What each mail leads to.
LINKS = {
    "confirm_address": ["/confirm/token"],
    "already_registered": ["/login", "/password/forgot"],
    "reset_password": ["/password/reset/token"],
    "password_set": ["/password/forgot"],
    "vipps_connected": ["/account", "/password/forgot"],
    "vipps_disconnected": ["/account"],
    "support_disconnected": ["/password/forgot"],
    "support_connected": ["/login"],
    "sharing_revoked": ["/account/consents", "/account/delete", "/login"],
    "taken_over": ["/account"],
    "prove_ownership": ["/login/vipps/prove/token"],
    "change_email": ["/account/email/token"],
    "address_in_use": ["/login"],
    "email_changed": [],
    "account_deleted": [],
    "blocked": [],
    "unblocked": [],
    "consent_given": ["/unsubscribe/token"],
}


def written(app: Flask, kind: str, email: str | None = EMAIL, **changes: Any) -> list[Mail]:
    """Write a mail to a customer and return what went out."""
    customer_id = add_customer(app, email, vipps=True)
    with app.test_request_context(base_url="http://evil.example"):
        customer = db.session.get_one(Customer, customer_id)
        for name, value in {"name": TYPED, "given_name": TYPED, "family_name": TYPED, **changes}.items():
            setattr(customer, name, value)
        unsubscribe = {"unsubscribe": "http://localhost:8000/unsubscribe/token"} if kind == "consent_given" else {}
        emails.send(customer, kind, to=ELSEWHERE.get(kind), token="token", **unsubscribe)
        db.session.commit()
        return list(db.session.scalars(select(Mail)))


def test_every_mail_is_tested_here() -> None:
    assert set(emails.SUBJECTS) == set(LINKS)


@pytest.mark.parametrize("kind", LINKS)
def test_a_mail_goes_where_it_belongs_with_its_links_and_nothing_that_was_typed(app: Flask, kind: str) -> None:
    (mail,) = written(app, kind)
    assert (mail.kind, mail.recipient) == (kind, ELSEWHERE.get(kind, EMAIL))
    found = [line.removeprefix("http://localhost:8000") for line in mail.body.splitlines() if line.startswith("http")]
    assert sorted(found) == LINKS[kind]
    for typed in (TYPED, "evil.example", OTHER, EMAIL):
        assert typed not in mail.body + mail.subject, typed
    assert mail.body.startswith("Hello,")
    assert mail.body.rstrip().endswith(NAME)
    assert "%(" not in mail.body


@pytest.mark.parametrize("kind", LINKS)
def test_a_mail_is_in_the_language_of_its_reader(app: Flask, kind: str, monkeypatch: Any) -> None:
    """A template asks for the texts while it is rendered, so that is when the language counts."""
    from flask_babel import get_locale

    locales = []

    def render(*args: Any, **context: Any) -> str:
        locales.append(str(get_locale()))
        return render_template(*args, **context)

    monkeypatch.setattr(emails, "render_template", render)
    written(app, kind, locale="nb")
    assert locales == ["nb"]


def test_every_mail_goes_through_every_server(make_app: Any) -> None:
    """Lines of ASCII with at most 998 characters, in every language (RFC 5322, section 2.1.1; RFC 6152, section 3)."""
    app = make_app(MAIL_URL="smtp://localhost:1", MAIL_REPLY_TO="support@blåbær.example")
    settings = app.extensions["settings"]
    seen = set()
    for language in LANGUAGES:
        for kind in LINKS:
            for mail in written(app, kind, email=f"{language}.{kind}@example.com", locale=language):
                seen.add((language, mail.kind))
                lines = compose(settings, mail.recipient, mail.subject, mail.body, mail.headers).as_bytes().splitlines()
                assert all(line.isascii() and len(line) <= 998 for line in lines), (language, kind)
                assert b"Reply-To: support@xn--blbr-roah.example" in lines
    assert seen == {(language, kind) for language in LANGUAGES for kind in LINKS}


@pytest.mark.parametrize("kind", LINKS)
@pytest.mark.parametrize("reply_to", ["", "support@example.com"])
def test_a_mail_asks_for_an_answer_only_if_a_person_reads_it(make_app: Any, kind: str, reply_to: str) -> None:
    (mail,) = written(make_app(MAIL_REPLY_TO=reply_to), kind)
    assert "reply to this email" not in mail.body or reply_to
    if kind in ("account_deleted", "blocked", "email_changed"):
        assert ("reply to this email" if reply_to else about.EMAIL) in mail.body


@pytest.mark.parametrize("kind", sorted(set(LINKS) - set(ELSEWHERE)))
def test_who_has_no_address_gets_no_mail(app: Flask, kind: str) -> None:
    assert written(app, kind, email=None) == []
