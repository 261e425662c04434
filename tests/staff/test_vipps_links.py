"""Support disconnects and reconnects a customer's Vipps user, with a reason, an audit entry, and an email."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from app.customers import email_tokens, lookup
from app.customers.accounts import registration
from app.customers.models import Activity, Customer, CustomerSession, EmailToken, TokenPurpose, VippsLink
from app.customers.privacy import retention
from app.customers.privacy.erasure import erase
from app.database import db, utcnow
from app.security import limiter
from app.staff.models import AuditEntry, Staff
from tests.conftest import browser_of, open_page
from tests.customers.linking_steps import PERSON, PHONE, add_account, links_of, who_is_in
from tests.customers.steps import EMAIL, add_customer, is_logged_in, log_in, mails
from tests.pages import Page
from tests.staff.steps import EMAIL as STAFF
from tests.staff.steps import PASSWORD, at_work, audit_entries, hire, send
from tests.vipps_person import VippsPerson

OTHER = "other@example.com"
WHY = ("--staff", STAFF, "--reason", "new_profile", "--check", "in_person")
NOTED = "reason=new_profile check=in_person"


def subjects(app: Flask) -> dict[int, str]:
    with app.app_context():
        return {link.customer_id: link.subject for link in db.session.scalars(select(VippsLink))}


def order(client: FlaskClient, customer_id: int, action: str = "disconnect", **changes: str) -> Any:
    """Send the page's form with changes."""
    path = f"/staff/customers/{customer_id}/vipps"
    page = Page(client.get(path).text)
    seen = page.select("main input[name=seen]")
    values = {"seen": str(seen[0].get("value", "")) if seen else "", "action": action, "password": PASSWORD}
    return send(client, path, {**values, "reason": "new_profile", "check": "in_person", **changes})


def run(app: Flask, *args: str) -> Any:
    return app.test_cli_runner().invoke(args=list(args))


def written(app: Flask) -> list[tuple[str, int | None, str]]:
    """Return the audit entries about changed links."""
    return [entry for entry in audit_entries(app) if entry[0].startswith("vipps_")]


@pytest.mark.parametrize("by", ["page", "command"])
def test_a_disconnected_customer_is_logged_out_and_told_and_it_is_recorded(app: Flask, by: str) -> None:
    customer_id, browser, staff = add_customer(app, vipps=True), browser_of(app), at_work(app)
    log_in(browser)
    with app.app_context():
        email_tokens.issue(db.session.get_one(Customer, customer_id), EMAIL, TokenPurpose.RESET)
        db.session.commit()
    if by == "page":
        assert order(staff, customer_id).headers["Location"] == f"/staff/customers/{customer_id}"
    else:
        result = run(app, "disconnect-vipps", str(customer_id), *WHY)
        assert result.exit_code == 0, result.output
    assert subjects(app) == {}
    assert not is_logged_in(browser)
    assert written(app) == [("vipps_disconnected", customer_id, NOTED)]
    (mail,) = mails(app, "support_disconnected")
    assert "/password/forgot" in mail.body
    with app.app_context():
        assert all(token.used_at for token in db.session.scalars(select(EmailToken)))
        line = db.session.scalars(select(Activity).where(Activity.kind == "support_disconnected")).one()
        assert (line.customer_id, line.user_agent) == (customer_id, "")
        assert db.session.get_one(Customer, customer_id).email == EMAIL


def test_a_disconnected_account_cannot_be_registered_again_and_is_kept(app: Flask) -> None:
    customer_id, staff = add_customer(app, confirmed=False, vipps=True), at_work(app)
    assert order(staff, customer_id).status_code == 303
    assert mails(app, "support_disconnected"), "the address was told before it was removed"
    with app.test_request_context():
        stranger, _token = registration.register("A stranger", EMAIL, "seven small boats", "en")
        assert stranger.id != customer_id, "a new registration must not take the account over"
        db.session.rollback()
        with time_machine.travel(utcnow() + timedelta(days=400), tick=False):
            list(retention.run(utcnow()))
        assert db.session.get(Customer, customer_id)


@pytest.mark.parametrize("by", ["page", "command"])
def test_a_vipps_user_of_another_account_moves_only_if_that_account_is_named(app: Flask, by: str) -> None:
    old, new, staff = add_customer(app, vipps=True), add_customer(app, OTHER, vipps=True), at_work(app)
    before = subjects(app)

    def reconnect(move_from: str = "") -> str:
        if by == "page":
            response = order(staff, old, "reconnect", subject=before[new], move_from=move_from)
            assert response.status_code == (303 if move_from == str(new) else 409)
            return str(response.text)
        named = ("--move-from", move_from) if move_from else ()
        return str(run(app, "reconnect-vipps", str(old), before[new], *WHY, *named).output)

    assert f"ustomer {new}" in reconnect()
    reconnect(str(old))
    assert (subjects(app), written(app), mails(app)) == (before, [], [])
    reconnect(str(new))
    assert subjects(app) == {old: before[new]}
    assert written(app) == [
        ("vipps_reconnected", old, f"{NOTED} from={new}"),
        ("vipps_disconnected", new, f"{NOTED} to={old}"),
    ]
    assert [mail.kind for mail in mails(app)] == ["support_connected"]
    assert [mail.kind for mail in mails(app, to=OTHER)] == ["support_disconnected"]


def test_a_mistyped_password_records_the_view_keeps_what_staff_saw_and_is_slowed(app: Flask) -> None:
    customer_id, staff = add_customer(app, vipps=True), at_work(app)
    response = order(staff, customer_id, seen="another-subject", password="a wrong but long one")
    assert response.status_code == 422
    assert Page(response.text).one("[name=seen]")["value"] == "another-subject"
    assert [entry[:2] for entry in audit_entries(app)] == [("customer", customer_id)] * 2, "both views are recorded"
    statuses = [order(staff, customer_id, password="a wrong but long one").status_code for _ in range(10)]
    assert statuses == [422] * 9 + [429]


def test_staff_read_which_customers_get_no_email(app: Flask) -> None:
    staff, (old, new) = at_work(app), (add_customer(app, email, vipps=True) for email in (OTHER, None))
    response = order(staff, old, "reconnect", subject=subjects(app)[new], move_from=str(new))
    page = open_page(staff, response.location)
    assert f"no email address, so call them: {new}." in page.one(".flashes").get_text()


NOT_RIGHT: list[tuple[dict[str, str], int]] = [
    ({"password": "a wrong but long one"}, 422), ({"password": ""}, 422), ({"reason": ""}, 422),
    ({"check": "none"}, 422), ({"action": "other"}, 422), ({"move_from": "1 or 1"}, 422),
    ({"seen": "what it was before a colleague changed it"}, 409), ({"action": "reconnect", "subject": ""}, 409),
    ({"action": "reconnect", "subject": "x" * 256}, 409), ({"action": "reconnect", "subject": f"sub of {EMAIL}"}, 409),
    ({"action": "reconnect", "subject": "a-new-one", "move_from": "999"}, 409),
    ({"action": "reconnect", "subject": f"sub of {OTHER}", "move_from": "2"}, 409),  # the test blocks this customer
]  # fmt: skip


def test_a_wrong_form_changes_no_link(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limiter, "enabled", False)
    customer_id, blocked, staff = add_customer(app, vipps=True), add_customer(app, OTHER, vipps=True), at_work(app)
    with app.app_context():
        db.session.execute(update(Customer).where(Customer.id == blocked).values(blocked_at=utcnow()))
        db.session.commit()
    before = subjects(app)
    for changes, status in NOT_RIGHT:
        response = order(staff, customer_id, **changes)
        assert (response.status_code, subjects(app), written(app), mails(app)) == (status, before, [], []), changes


def test_two_staff_at_once_and_a_customer_deleted_meanwhile(app: Flask) -> None:
    customer_id, staff = add_customer(app, vipps=True), at_work(app)
    seen = subjects(app)[customer_id]
    assert order(staff, customer_id, "reconnect", subject="by-a-colleague").status_code == 303
    assert order(staff, customer_id, "reconnect", subject="by-me", seen=seen).status_code == 409
    assert subjects(app) == {customer_id: "by-a-colleague"}
    with app.app_context():
        erase(lookup.lock_customer(customer_id))
        db.session.commit()
    assert order(staff, customer_id, "reconnect", subject="by-me").status_code == 404
    assert subjects(app) == {}
    with app.app_context():
        (entry,) = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "vipps_reconnected"))
        assert (entry.customer_id, entry.detail) == (None, NOTED), "the audit log outlives the customer"


@pytest.mark.parametrize("column", ["disabled_at", "email"])
def test_a_command_needs_an_enabled_staff_account(app: Flask, column: str) -> None:
    customer_id = add_customer(app, vipps=True)
    hire(app)
    with app.app_context():
        db.session.execute(update(Staff).values({column: utcnow() if column == "disabled_at" else "a@example.com"}))
        db.session.commit()
    before = subjects(app)
    for command in (("disconnect-vipps", str(customer_id)), ("reconnect-vipps", str(customer_id), "a-new-one")):
        assert run(app, *command, *WHY).exit_code == 1
    assert (subjects(app), written(app)) == (before, [])


@pytest.mark.parametrize("name", ["Gunnar Lie", "Another Name"])
def test_a_customer_with_a_new_sub_gets_the_old_account_back_from_support(vipps: VippsPerson, name: str) -> None:
    hire(vipps.app)
    old = add_account(vipps, email=None, email_verified_at=None, password_hash=None, name=name, linked_to="old-subject")
    vipps.log_in(PERSON)
    new = who_is_in(vipps)
    assert new not in (None, old)
    page = Page(vipps.browser.get("/account").text)
    assert "Did you have an account here before?" in page.text
    with vipps.app.app_context():
        number = db.session.scalars(select(Activity.reference).where(Activity.decision == "create")).one()
    assert number in page.text
    (subject,) = links_of(vipps, new)
    result = run(vipps.app, "reconnect-vipps", str(old), subject, *WHY, "--move-from", str(new))
    assert result.exit_code == 0, result.output
    assert who_is_in(vipps) is None
    vipps.log_in(PERSON)
    assert who_is_in(vipps) == old


@pytest.mark.parametrize("changes", [{"phone_verified_at": None}, {"phone_number": "4790000099"}])
def test_only_a_number_verified_on_both_sides_points_to_another_account(
    vipps: VippsPerson, changes: dict[str, Any]
) -> None:
    add_account(vipps, **{"email": None, "phone_number": PHONE, "linked_to": "old-subject", **changes})
    vipps.log_in(PERSON)
    assert who_is_in(vipps)
    assert "an account here before" not in vipps.browser.get("/account").text
    with vipps.app.app_context():
        assert len(db.session.scalars(select(CustomerSession)).all()) == 1
