"""Log in to the back office, by password only: Vipps proves who a person is, not that they work here."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.customers import rate_limits
from app.customers.forms import LoginForm
from app.database import begin_write, db
from app.logging import log
from app.security import limit_per_client, read_cookie
from app.staff import accounts, sessions
from app.staff.sessions import current_staff, required_staff
from app.vipps.return_path import local_path
from app.vipps.values import normal_email

# Fewer than for customers: staff are few, and the back office shows every customer's data.
PER_CLIENT = "20 per 15 minutes"
PER_ACCOUNT = "10 per 15 minutes"

bp = Blueprint("login", __name__)


@bp.get("/login")
def page() -> ResponseReturnValue:
    """Show the form."""
    target = _target(request.args.get("next"))
    if current_staff() is not None:
        return redirect(target, 303)
    return _page(LoginForm(formdata=None), target, expired=bool(read_cookie(sessions.STAFF_COOKIE)))


@bp.post("/login")
@limit_per_client(PER_CLIENT)
@rate_limits.limit_per_account(PER_ACCOUNT)
def enter() -> ResponseReturnValue:
    """Log in by email address and password."""
    form = LoginForm()
    target = _target(form.next.data)
    if not form.validate_on_submit():
        return _page(form, target), 422
    staff = accounts.lock_if_open(accounts.find(normal_email(form.email.data) or ""), form.password.data or "")
    if staff is None:
        db.session.rollback()
        log.warning("staff_login_refused")
        return _page(form, target, refused=True), 422
    token = sessions.start_session(staff)
    db.session.commit()
    log.info("staff_logged_in", staff=staff.id)
    response = redirect(target, 303)
    sessions.set_session_cookie(response, token)
    return response


@bp.post("/logout")
def leave() -> ResponseReturnValue:
    """End the session of this browser."""
    staff_id = required_staff().staff_id
    begin_write()
    sessions.end_session()
    db.session.commit()
    log.info("staff_logged_out", staff=staff_id)
    response = redirect(url_for("staff.login.page"), 303)
    sessions.clear_session_cookie(response)
    return response


def _target(asked: str | None) -> str:
    """Return the page to show after the login, which must be one of the back office."""
    home = url_for("staff.search.page")
    target = local_path(asked, home)
    return target if target.partition("?")[0].startswith(f"{home}/") else home


def _page(form: LoginForm, target: str, *, refused: bool = False, expired: bool = False) -> str:
    form.next.data = target
    return render_template("staff/login.html", form=form, refused=refused, expired=expired)
