"""Checks for tests of whole logins: who is logged in, and whether a response is a correct refusal."""

from typing import Any

from sqlalchemy import func, select

from app.database import db
from tests.pages import check_page
from tests.vipps_person import VippsPerson


def rows(vipps: VippsPerson, model: Any) -> int:
    with vipps.app.app_context():
        return int(db.session.scalar(select(func.count()).select_from(model)) or 0)


def logged_in(vipps: VippsPerson, browser: Any = None) -> bool:
    """Tell whether a browser is logged in, by requesting a page that requires a login."""
    return bool((browser or vipps.browser).get("/account").status_code == 200)


def refusal(vipps: VippsPerson, response: Any) -> str:
    """Check that a response is a correct refusal page and logs no customer in; return its heading."""
    assert 400 <= response.status_code < 500 or response.status_code in (502, 503, 504)
    assert response.headers["Cache-Control"] == "no-store"
    page = check_page(response)
    assert page.select('main a[href^="/login/vipps"]'), "no way to try again"
    assert page.select('main a[href^="/login?"], main a[href="/login"]'), "no other way to log in"
    assert page.one("main .number").get_text().strip(), "no reference number"
    assert not logged_in(vipps)
    return page.h1
