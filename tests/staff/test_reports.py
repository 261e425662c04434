"""A reference number leads support to its error report, and storing reports causes no further error."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, abort
from flask.testing import FlaskClient
from sqlalchemy import event, insert, select
from sqlalchemy.exc import OperationalError

from app.customers.models import Customer
from app.database import begin_write, db, utcnow
from app.staff import reports as error_reports
from app.staff.models import ROWS_PER_PAGE, ErrorReport
from app.staff.reports import MAX_PER_MINUTE, Quota
from tests.conftest import browser_of, open_page
from tests.customers.steps import add_customer, statements
from tests.customers.steps import log_in as customer_logs_in
from tests.pages import Page
from tests.staff.steps import at_work, reports

CALLBACK = "/login/vipps/callback"


@pytest.fixture
def app(app: Flask) -> Flask:
    """Return a shop with pages that raise errors."""

    def boom(kind: str) -> str:
        begin_write()
        db.session.add(Customer(name="half done"))
        db.session.flush()
        if kind == "bug":
            raise KeyError("a customer's name")
        if kind == "database":
            raise OperationalError("SELECT", {}, Exception("gone"))
        abort(int(kind))

    app.add_url_rule("/boom/<kind>", "boom", boom)
    return app


def reference_on(response: Any) -> str:
    """Return the reference number that a page shows."""
    return Page(response.text).one(".number").get_text()


@pytest.mark.parametrize(("kind", "code", "status"), [("bug", "KeyError", 500), ("502", "http_502", 502)])
def test_a_page_with_an_error_adds_a_report(app: Flask, client: FlaskClient, kind: str, code: str, status: int) -> None:
    response = client.get(f"/boom/{kind}")
    assert response.status_code == status
    (report,) = reports(app)
    assert (report.code, report.status, report.route) == (code, status, "/boom/<kind>")
    assert report.reference == reference_on(response)
    assert report.customer_id is None
    with app.app_context():
        assert db.session.scalars(select(Customer)).all() == []  # no change of the failed page was committed


def test_other_pages_add_no_report(app: Flask, client: FlaskClient) -> None:
    for path in ("/nowhere", "/boom/404", "/boom/403", "/", "/account"):
        client.get(path)
    with statements(app) as seen:  # no further statement while the database is down
        assert client.get("/boom/database").status_code == 503
    assert not [each for each in seen if "error_report" in each]
    assert reports(app) == []


def test_a_report_names_the_customer_and_the_list_explains_it(app: Flask, client: FlaskClient) -> None:
    customer_id = add_customer(app)
    customer_logs_in(client)
    client.get("/boom/bug")
    response = client.get(f"{CALLBACK}?state=forged&code=secret-code")
    broken, report = reports(app)
    assert broken.customer_id == customer_id
    assert (report.status, report.route) == (response.status_code, CALLBACK) == (400, CALLBACK)
    assert report.reference in response.text
    assert "secret" not in f"{report.code}{report.route}"
    page = open_page(at_work(app), "/staff/errors")
    assert [words for words in (report.reference, report.code, CALLBACK, "KeyError") if words not in page.text] == []


def test_a_flood_of_forged_callbacks_adds_few_reports(app: Flask, client: FlaskClient) -> None:
    for _ in range(MAX_PER_MINUTE + 15):
        assert client.get(CALLBACK).status_code == 400
    assert len(reports(app)) == MAX_PER_MINUTE
    client.get("/boom/bug")
    assert reports(app)[-1].code == "KeyError"  # a flood of one code does not remove other reports


def test_the_quota_is_per_code_and_minute() -> None:
    now = [0.0]
    quota = Quota(clock=lambda: now[0])
    assert [quota.take("a") for _ in range(MAX_PER_MINUTE + 1)] == [True] * MAX_PER_MINUTE + [False]
    assert quota.take("b")
    now[0] = 59.9
    assert not quota.take("a")
    now[0] = 60.0
    assert quota.take("a")
    quota.pause()
    assert not quota.take("c")
    now[0] = 120.0
    assert quota.take("c")


def test_only_the_newest_are_kept(app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(error_reports, "MAX_REPORTS", 30)
    monkeypatch.setattr(error_reports, "MAX_REPORTS_PER_CODE", 20)
    monkeypatch.setattr(error_reports, "MAX_PER_MINUTE", 1000)
    fill(app, "state_missing", 25)
    client.get(CALLBACK)
    assert [row.code for row in reports(app)] == ["state_missing"] * 20
    fill(app, "other", 15)
    client.get("/boom/bug")
    kept = reports(app)
    assert len(kept) == 30
    assert kept[-1].code == "KeyError"
    assert kept[0].code == "state_missing"
    staff = at_work(app)
    first = open_page(staff, "/staff/errors")
    second = open_page(staff, str(first.one('a[rel="next"]')["href"]))
    assert [len(page.select("tbody tr")) for page in (first, second)] == [ROWS_PER_PAGE, 30 - ROWS_PER_PAGE]


def fill(app: Flask, code: str, many: int) -> None:
    """Add old error reports."""
    with app.app_context():
        row = {"at": utcnow(), "reference": "OLD", "code": code, "status": 400, "route": ""}
        db.session.execute(insert(ErrorReport), [row] * many)
        db.session.commit()


def test_a_report_that_fails_breaks_no_page_and_is_not_tried_again_at_once(app: Flask, client: FlaskClient) -> None:
    tried: list[str] = []

    def fail(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if statement.startswith("INSERT INTO error_report"):
            tried.append(statement)
            raise OperationalError(statement, {}, Exception("disk full"))

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", fail)
    for _ in range(3):
        response = client.get("/boom/bug")
        assert response.status_code == 500
        assert reference_on(response)
    assert len(tried) == 1
    event.remove(engine, "before_cursor_execute", fail)


def test_a_health_check_adds_no_report(make_app: Callable[..., Flask], tmp_path: Any) -> None:
    app = make_app(DATABASE_URL=f"sqlite:///{tmp_path / 'empty.sqlite'}")
    client = browser_of(app)
    with statements(app) as seen:
        assert client.get("/readyz").status_code == 503
    assert not [each for each in seen if "error_report" in each]
