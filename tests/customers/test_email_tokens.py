"""Emailed links: each works once, for its time and its purpose, and only the newest."""

from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from app.customers import email_tokens
from app.customers.models import Customer, EmailToken, TokenPurpose
from app.database import db, utcnow
from app.tokens import secret_hash
from tests.customers.steps import EMAIL, add_customer


@pytest.mark.parametrize("purpose", TokenPurpose)
def test_a_link_works_once_in_its_time_for_its_purpose_and_is_the_newest(app: Flask, purpose: TokenPurpose) -> None:
    customer_id, issued_at = add_customer(app), utcnow()
    lifetime = timedelta(hours=24 if purpose is TokenPurpose.CONFIRM else 1)
    with app.app_context():
        customer = db.session.get_one(Customer, customer_id)
        with time_machine.travel(issued_at, tick=False):
            older, token = (email_tokens.issue(customer, EMAIL, purpose) for _ in range(2))
        db.session.commit()
        assert len(token) == 43
        assert token not in str(db.session.execute(select(EmailToken.__table__)).all())
        assert secret_hash(token) in db.session.scalars(select(EmailToken.token_hash)).all()
        assert [each for each in TokenPurpose if email_tokens.find(token, each)] == [purpose]
        assert email_tokens.find(older, purpose) is None
        with time_machine.travel(issued_at + lifetime, tick=False):
            assert email_tokens.find(token, purpose) is None
            assert email_tokens.use(token, purpose) is None
        with time_machine.travel(issued_at + lifetime - timedelta(seconds=1), tick=False):
            assert email_tokens.find(token, purpose)
            assert email_tokens.use(token, purpose)
            assert email_tokens.find(token, purpose) is None
            assert email_tokens.use(token, purpose) is None
