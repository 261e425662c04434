"""The preference centre: each consent with its time and exact words, and a switch for each channel.

Withdrawing a consent is as easy as giving it (GDPR, article 7(3)): one click, no re-authentication, no login in the
app. The unsubscribe link in an email works for people and for email programs, without a login.
"""

import json
from datetime import datetime

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.customers import account_activity, account_emails, lookup
from app.customers.consents import consent_prompt, ledger, preferences, unsubscribe
from app.customers.consents.channels import CHANNELS
from app.customers.models import ConsentRecord, Customer, Kind
from app.customers.sessions.session_cookie import login_required, required_customer
from app.database import begin_write, db
from app.errors import error_page
from app.logging import log
from app.security import csrf
from app.vipps.return_path import local_path

HISTORY_SHOWN = 50
ON, OFF = "on", "off"
SAVE, NONE = "save", "none"

bp = Blueprint("consents", __name__)
unsubscribe_bp = Blueprint("unsubscribe", __name__)


@bp.get("/account/consents")
@login_required
def page() -> ResponseReturnValue:
    """Show each channel, other answers, and every answer that was ever given."""
    customer = required_customer()
    history = ledger.history(customer)
    return render_template(
        "customers/consents.html",
        standings=preferences.channel_statuses(customer),
        others=preferences.other_answers(customer),
        history=list(reversed(history))[:HISTORY_SHOWN],
        total=len(history),
        channels=CHANNELS,
    )


@bp.post("/account/consents")
@login_required
def choose() -> ResponseReturnValue:
    """Turn one channel on or off; a choice that is already in force changes nothing."""
    consent_id, answer = request.form.get("consent", ""), request.form.get("answer")
    if answer not in (ON, OFF) or (answer == ON and consent_id not in CHANNELS):
        abort(400)
    customer = _locked_customer()
    row = preferences.choose(customer, consent_id, answer == ON)
    return _commit(customer, [row] if row else [], _("Saved. The change applies immediately."))


@bp.post("/account/consents/off")
@login_required
def turn_all_off() -> ResponseReturnValue:
    """Turn every channel off in one step."""
    customer = _locked_customer()
    text = _("Everything is off. We won’t send you news or offers.")
    return _commit(customer, preferences.turn_all_off(customer), text)


@bp.post("/account/consents/asked")
@login_required
def answer_once() -> ResponseReturnValue:
    """Record the answers to the consent questions after a first login."""
    answer = request.form.get("answer")
    if answer not in (SAVE, NONE):
        abort(400)
    customer = _locked_customer()
    rows = consent_prompt.answer(customer, request.form.getlist("consent") if answer == SAVE else [])
    target = local_path(request.form.get("next"), url_for("account.overview"))
    return _commit(customer, rows, _("Thank you, that is saved. You can change it on My page at any time."), target)


@bp.get("/account/consents/evidence")
@login_required
def download() -> ResponseReturnValue:
    """Download every answer with its exact words, its raw object and the object's hash."""
    document = ledger.document(ledger.history(required_customer()))
    text = json.dumps(document, indent=2, ensure_ascii=False, default=datetime.isoformat)
    response = Response(text, mimetype="application/json")
    response.headers.set("Content-Disposition", "attachment", filename="consents.json")
    return response


@unsubscribe_bp.get("/unsubscribe/<token>", endpoint="page")
def unsubscribe_page(token: str) -> ResponseReturnValue:
    """Show the consent that the link withdraws. Only the button withdraws it, because mail scanners open links."""
    link = unsubscribe.find(token)
    return render_template("customers/unsubscribe.html", token=token, channel=link[1]) if link else _unknown_link()


@unsubscribe_bp.post("/unsubscribe/<token>")
def withdraw(token: str) -> ResponseReturnValue:
    """Withdraw the consent at once; repeats change nothing."""
    link = unsubscribe.withdraw(token)
    if link is None:
        db.session.rollback()
        return _unknown_link()
    db.session.commit()
    customer, channel = link
    one_click = request.form.get("List-Unsubscribe") == "One-Click"
    log.info("unsubscribed", customer=customer.id, consent=channel.id, one_click=one_click)
    return render_template("customers/unsubscribed.html", channel=channel)


# An email program has no cookie and no page (RFC 8058, section 3.2); the token is what allows it.
csrf.exempt(withdraw)


def _unknown_link() -> ResponseReturnValue:
    text = _("The link may be incomplete. If the account was deleted, we send it no more news.")
    return error_page(404, _("We do not know this link"), text)


def _locked_customer() -> Customer:
    """Lock and return the customer who is logged in, so that a second click finds the changes of the first one."""
    customer_id = required_customer().id
    begin_write()
    return lookup.lock_customer(customer_id) or abort(403)


def _commit(customer: Customer, rows: list[ConsentRecord], text: str, target: str = "") -> ResponseReturnValue:
    """Commit the change. After a yes to emails, send an email with the unsubscribe link."""
    granted = [row.consent_id for row in rows if row.granted]
    if rows:
        account_activity.record(customer, Kind.CONSENT_GIVEN if granted else Kind.CONSENT_WITHDRAWN)
    if "email" in granted and customer.email_verified_at:
        link, headers = unsubscribe.address(customer, "email"), unsubscribe.headers(customer, "email")
        account_emails.send(customer, "consent_given", headers=headers, unsubscribe=link)
    db.session.commit()
    log.info("consents_changed", customer=customer.id, granted=granted, changed=len(rows))
    flash(text, "success")
    return redirect(target or url_for("consents.page"), 303)
