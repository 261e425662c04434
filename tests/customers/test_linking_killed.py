"""A shop that is killed between the callback and its commit leaves no half customer, on SQLite and on PostgreSQL."""

import subprocess
import sys
import threading
from contextlib import suppress
from typing import Any

import pytest
import urllib3
from sqlalchemy import func, select

from app.customers.consents.models import ConsentRecord
from app.customers.models import (
    Activity,
    Customer,
    CustomerSession,
    PendingLink,
    VippsLink,
    VippsProfile,
)
from app.database import db
from app.mail import Mail
from tests.customers.linking_steps import EMAIL, PERSON, add_account, another_browser, has_email, links_of, who_is_in
from tests.vipps_person import VippsPerson

TABLES: tuple[Any, ...] = (
    Activity,
    ConsentRecord,
    Customer,
    CustomerSession,
    Mail,
    PendingLink,
    VippsLink,
    VippsProfile,
)


def rows(vipps: VippsPerson) -> dict[str, int]:
    """Count the rows of everything that a login writes."""
    with vipps.app.app_context():
        return {t.__tablename__: db.session.scalar(select(func.count()).select_from(t)) or 0 for t in TABLES}


@pytest.mark.parametrize("account", ["nobody's", "theirs", "one to prove"])
def test_a_killed_shop_leaves_nothing_half_done(either_vipps: VippsPerson, unused_port: int, account: str) -> None:
    has_email(either_vipps)
    number = None
    if account != "nobody's":
        number = add_account(either_vipps, email=EMAIL if account == "theirs" else "old@example.com")
    callback = either_vipps.approve(either_vipps.start(), PERSON)
    cookie = either_vipps.browser.get_cookie("vipps-login", domain="localhost")
    before = rows(either_vipps)
    settings = either_vipps.app.extensions["settings"]
    command = [sys.executable, "-m", "tests.customers.dying_shop", settings.database, either_vipps.simulator]
    with subprocess.Popen([*command, str(unused_port)], stdout=subprocess.PIPE, text=True) as shop:
        assert shop.stdout is not None
        assert shop.stdout.readline().strip() == "serving"
        headers = {"Host": "localhost:8000", "Cookie": f"vipps-login={cookie.value}"}  # type: ignore[union-attr]
        url = f"http://127.0.0.1:{unused_port}{callback}"

        def come_back() -> None:
            with suppress(urllib3.exceptions.HTTPError):
                urllib3.request("GET", url, headers=headers, retries=False, timeout=30)

        browser = threading.Thread(target=come_back)
        browser.start()
        try:
            assert shop.stdout.readline().strip() == "about to commit"
        finally:
            shop.kill()
            browser.join()
    assert rows(either_vipps) == before
    fresh = another_browser(either_vipps)
    either_vipps.log_in(PERSON, browser=fresh)
    if account == "theirs":
        assert who_is_in(either_vipps, fresh) == number
    if account == "one to prove":
        assert links_of(either_vipps, number or 0) == []
        assert rows(either_vipps)["pending_link"] == 1
