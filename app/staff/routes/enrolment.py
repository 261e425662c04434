"""Enrol a customer at the counter: they confirm on their own phone, and the shop stores what they share.

It uses the checks, the account matching and the consents of every Vipps login. Nothing logs this browser in as the
customer: no session of a customer is made. Off unless `VIPPS_COUNTER` is set.

Source: Vipps Login API guide, merchant-initiated login (for counters and call centres, never for web pages or apps).
"""

from dataclasses import replace

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import update
from werkzeug.exceptions import TooManyRequests
from wtforms import BooleanField, TelField
from wtforms.validators import InputRequired

from app.customers import account_activity
from app.customers.linking import vipps_login
from app.customers.linking.sign_in import customer_or_refuse, in_one_transaction
from app.customers.models import Activity, Customer, Kind, LoginMethod
from app.database import begin_write, db
from app.forms import Form, one_line
from app.logging import log, reference, set_failure
from app.security import limiter, read_cookie
from app.settings import settings_of_app
from app.staff import audit_log
from app.staff.audit_log import AuditAction
from app.staff.sessions import STAFF_COOKIE, required_staff
from app.text_tables import branded, text_table
from app.tokens import secret_hash
from app.vipps import merchant_initiated
from app.vipps.attempts import Attempt, Repeated, random_value
from app.vipps.claims import parse
from app.vipps.errors import LoginRefused
from app.vipps.matching import Verdict
from app.vipps.purposes import LoginPurpose
from app.vipps.routes import Integration, Login, integration
from app.vipps.values import phone_digits

PER_STAFF = "30 per 15 minutes"
POLL = f"1 per {merchant_initiated.MIN_INTERVAL_SECONDS} second"  # of one enrolment

bp = Blueprint("enrolment", __name__)


class EnrolmentForm(Form):
    """The customer's phone number, and the confirmation that staff have offered the terms and the privacy statement."""

    phone_number = TelField(
        _l("The customer’s phone number"), [InputRequired(_l("Enter the phone number."))], filters=[one_line]
    )
    informed = BooleanField(
        _l("The customer is here or on the phone, and has been offered the terms of use and the privacy statement"),
        [InputRequired(_l("Offer the customer the terms and the privacy statement before you start."))],
    )


@bp.before_request
def _refuse_unless_on() -> None:
    if not settings_of_app().vipps_counter:
        abort(404)


@bp.get("/enrolment")
def page() -> ResponseReturnValue:
    """Show the form."""
    return render_template("staff/enrolment.html", form=EnrolmentForm(formdata=None))


@bp.post("/enrolment")
@limiter.limit(PER_STAFF, key_func=lambda: f"enrolment {required_staff().staff_id}")
def start() -> ResponseReturnValue:
    """Start the login on the customer's phone."""
    form, staff, vipps = EnrolmentForm(), required_staff(), integration()
    is_complete = form.validate_on_submit()
    number = phone_digits(form.phone_number.data, settings_of_app().vipps_market)
    if is_complete and not number:
        form.phone_number.errors = [
            _("Enter a phone number, with + and the country code if it is from another country.")
        ]
    if not is_complete or not number:
        return render_template("staff/enrolment.html", form=form), 422
    begin_write()
    audit_log.record(staff.staff_id, AuditAction.ENROLMENT, detail="started")
    db.session.commit()
    nonce = f"{number} {random_value()}"  # not sent to Vipps: its hash is the code, and `wait` needs the number
    try:
        with vipps.client.slot() as deadline:
            message = merchant_initiated.binding_message(nonce)
            request_id, interval = merchant_initiated.start(vipps.client, number, message, deadline)
    except LoginRefused as error:
        return _refused(error)
    here = url_for("staff.enrolment.page")
    attempt = vipps.attempts.begin(_browser(), LoginPurpose.LOG_IN, here, nonce=nonce, verifier=request_id)
    return redirect(url_for("staff.enrolment.wait", state=attempt.state, every=interval), 303)


@bp.get("/enrolment/wait")
def wait() -> ResponseReturnValue:
    """Show the code until the customer has answered, then store what they share; the page reloads itself."""
    vipps, every = integration(), merchant_initiated.bounded(request.args.get("every", 0, type=int))
    try:
        attempt = vipps.attempts.find(request.args.get("state", ""), _browser())
        if isinstance(attempt, Repeated):
            return redirect(attempt.attempt.next_path, 303)
        login = _ask_vipps(vipps, attempt)
        if isinstance(login, merchant_initiated.Wait):
            slower = every + merchant_initiated.MIN_INTERVAL_SECONDS * (login is merchant_initiated.Wait.SLOW_DOWN)
            html = render_template("staff/enrolment_wait.html", code=merchant_initiated.binding_message(attempt.nonce))
            again = url_for("staff.enrolment.wait", state=attempt.state, every=slower)
            return html, {"Refresh": f"{slower};url={again}"}
        customer = in_one_transaction(lambda: _enrol(login))
    except LoginRefused as error:
        return _refused(error)
    flash(_("The customer is enrolled."), "success")
    return redirect(url_for("staff.customers.page", customer_id=customer.id), 303)


@limiter.shared_limit(POLL, scope="enrolment", key_func=lambda: request.args.get("state", ""))
def _count_poll() -> None:
    """Count a poll of one enrolment; raise `TooManyRequests` if it comes too early."""


def _ask_vipps(vipps: Integration, attempt: Attempt) -> Login | merchant_initiated.Wait:
    """Poll once; after the customer's answer, check the tokens as for every login and get the profile.

    The profile must have the phone number that staff typed. A reload before Vipps' shortest interval does not poll.
    """
    try:
        _count_poll()
    except TooManyRequests:
        return merchant_initiated.Wait.PENDING
    db.session.rollback()  # return the database connection to the pool while Vipps is polled
    request_id = attempt.code_verifier
    with vipps.client.slot() as deadline:
        tokens = merchant_initiated.poll(vipps.client, request_id, deadline)
        if isinstance(tokens, merchant_initiated.Wait):
            return tokens
        vipps.attempts.claim(attempt.state, _browser())
        id_token = vipps.client.validate(tokens, replace(attempt, nonce=""), deadline, request_id)
        claims = vipps.client.userinfo(tokens, id_token, deadline)
    config, profile = vipps.client.config, parse(claims)
    if "phoneNumber" in config.scopes and profile.phone_number != attempt.nonce.partition(" ")[0]:
        raise LoginRefused("other_phone")
    return Login(attempt, id_token.issuer, config.client_id, id_token, profile, claims)


def _enrol(login: Login) -> Customer:
    """Find, link or create the customer, with an entry in the audit log, in the transaction of the caller."""
    staff_id = required_staff().staff_id
    resolution = vipps_login.resolve(LoginPurpose.LOG_IN, login)
    if resolution.decision.verdict is Verdict.PROVE_OWNERSHIP:
        raise LoginRefused("needs_proof", reasons=resolution.decision.reasons)
    customer = customer_or_refuse(resolution)
    account_activity.record(customer, Kind.ENROLLED, method=LoginMethod.VIPPS)
    # The request comes from the staff member's browser, not from the customer's.
    db.session.execute(update(Activity).where(Activity.reference == reference()).values(user_agent=""))
    audit_log.record(staff_id, AuditAction.ENROLMENT, customer.id, resolution.decision.verdict)
    db.session.commit()
    log.info("customer_enrolled", staff=staff_id, customer=customer.id, decision=resolution.decision.verdict)
    return customer


def _browser() -> str:
    """Return the value that binds an enrolment to this session: not its id, which the database may use again.

    The callback accepts no cookie value with a blank, so a browser cannot continue the enrolment there.
    """
    return f"enrolment {secret_hash(read_cookie(STAFF_COOKIE))}"


def _refused(error: LoginRefused) -> ResponseReturnValue:
    """Show staff why the customer was not enrolled, and log it under the same reference number."""
    staff_id = required_staff().staff_id
    db.session.rollback()
    refusal, table = error.refusal, text_table("staff", "enrolment_refused")
    set_failure(refusal.code)
    getattr(log, refusal.level)("enrolment_refused", staff=staff_id, refusal=refusal.code, detail=error.detail)
    html = render_template(
        "staff/refused.html",
        title=_("The customer was not enrolled"),
        explanation=branded(table.get(refusal.code, table["other"])),
        again=url_for("staff.enrolment.page"),
        reference=reference(),
    )
    return html, refusal.status
