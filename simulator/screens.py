"""The screens between the authorization request and the redirect back.

Each login has one address, which shows its next step, so a reload or the back button never shows an outdated form.
Every button posts; if the step is not the next one, the post is ignored and the next step is shown. The address works
only in the browser that started the login.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask import session as browser_session
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from . import (
    backchannel,
    door,
    error_pages,
    faults,
    headers,
    i18n,
    logins,
    persons,
    pings,
    remembered_browsers,
    scripted_login,
    views,
)
from .clock import utcnow
from .consents import answers
from .context import simulator
from .database import fetch
from .logins import Step
from .models import Login, Person, SalesUnit
from .protocol import BROWSER
from .random_values import hashed

bp = Blueprint("screens", __name__, url_prefix="/login/<login_id>")


class Problem(StrEnum):
    """Why a login cannot continue here."""

    UNKNOWN = "unknown"
    OTHER_BROWSER = "other_browser"
    EXPIRED = "expired"
    FINISHED = "finished"


@dataclass
class Visit:
    """A login in progress, with the values that every step needs."""

    session: Session
    login: Login
    unit: SalesUnit
    now: datetime
    on_phone: bool
    """Whether a merchant started the login by phone number: then it ends on the phone."""
    problem: str = ""

    @property
    def step(self) -> Step:
        """The next step."""
        return logins.next_step(self.session, self.login, self.now)


Act = Callable[[Visit], "Response | str | None"]


@bp.get("")
def show(login_id: str) -> Response | str:
    """Show the next step."""
    with simulator().store.write() as session:
        visit = _visit(session, login_id)
        if isinstance(visit, Problem):
            return error_pages.problem_page(visit)
        if visit.login.finished_at is not None:
            return error_pages.problem_page(Problem.FINISHED)
        return _page(visit) if visit.step is not Step.FINISH else _go_on(visit)


@bp.post("/person")
def person(login_id: str) -> Response | str:
    """Choose a person by the button or by the phone number."""
    return _act(login_id, Step.PERSON, _choose_person)


@bp.post("/confirm")
def confirm(login_id: str) -> Response | str:
    """Confirm in the app by choosing the number that the page shows."""
    return _act(login_id, Step.CONFIRM, _confirm_number)


@bp.post("/other")
def other(login_id: str) -> Response | str:
    """Go back to choosing a person."""
    return _act(login_id, None, _unchoose)


@bp.post("/email")
def email(login_id: str) -> Response | str:
    """Verify the email address."""
    return _act(login_id, Step.EMAIL, lambda visit: logins.verify_email(visit.session, visit.login))


@bp.post("/consent")
def consent(login_id: str) -> Response | str:
    """Agree to share all requested data."""
    return _act(login_id, Step.CONSENT, lambda visit: setattr(visit.login, "consented", True))


@bp.post("/consents")
def consents(login_id: str) -> Response | str:
    """Answer the marketing consents screen."""
    return _act(login_id, Step.CONSENTS_SCREEN, _record_screen)


@bp.post("/flow")
def flow(login_id: str) -> Response | str:
    """Answer one of the merchant's own screens."""
    return _act(login_id, Step.FLOW_SCREENS, _record_screen)


@bp.post("/flow/back")
def flow_back(login_id: str) -> Response | str:
    """Go back to the screen before."""
    return _act(login_id, Step.FLOW_SCREENS, _go_back)


@bp.post("/cancel")
def cancel(login_id: str) -> Response | str:
    """Cancel; the merchant gets `access_denied`."""
    return _act(login_id, None, _cancel)


@bp.post("/fail")
def fail(login_id: str) -> Response | str:
    """End the login with a chosen error, to see how the merchant site handles it."""
    return _act(login_id, None, _fail)


@bp.post("/door")
def stop_at_door(login_id: str) -> Response | str:
    """Choose whether to stop before the redirect back to the merchant."""
    with simulator().store.write() as session:
        visit = _visit(session, login_id)
        if isinstance(visit, Problem):
            return error_pages.problem_page(visit)
        door.choose(visit.login, request.form.get("stop") == "yes")
        if visit.login.finished_at is not None:
            return _repeat_end(visit)
        return redirect(url_for("screens.show", login_id=login_id), 303)


@bp.after_request
def send_ping(response: Response) -> Response:
    """Tell the merchant that the person has answered, now that the answer is committed."""
    if login_id := g.pop("answered_login", None):
        pings.send(simulator().store, login_id)
    return response


def _visit(session: Session, login_id: str) -> Visit | Problem:
    """Return the login if it may continue in this browser."""
    login = fetch(session, Login, login_id)
    if login is None:
        return Problem.UNKNOWN
    unit = session.get_one(SalesUnit, login.client_id)
    g.merchant = views.way_back(unit)
    if login.browser_hash != hashed(browser_session.get(BROWSER, "")):
        return Problem.OTHER_BROWSER
    now = utcnow()
    asked = backchannel.of_login(session, login_id)
    lifetime = timedelta(seconds=simulator().config.login_lifetime)
    if (asked.expires_at if asked else login.requested_at + lifetime) < now:
        return Problem.EXPIRED
    if not asked:
        headers.allow_form_target(login.redirect_uri)
    return Visit(session, login, unit, now, on_phone=asked is not None)


def _act(login_id: str, expected: Step | None, act: Act) -> Response | str:
    """Perform an action if its step is the next one (None: any step), then continue."""
    with simulator().store.write() as session:
        visit = _visit(session, login_id)
        if isinstance(visit, Problem):
            return error_pages.problem_page(visit)
        if visit.login.finished_at is not None:
            return _repeat_end(visit)
        if expected is not None and visit.step is not expected:
            return _go_on(visit)
        return act(visit) or _go_on(visit)


def _go_on(visit: Visit) -> Response:
    """Send the browser to the next step, or to the merchant."""
    if visit.step is not Step.FINISH:
        return redirect(url_for("screens.show", login_id=visit.login.id), 303)
    finished = logins.finish(visit.session, visit.login, simulator().config.code_lifetime, visit.now)
    if finished is None:
        return error_pages.problem_page(Problem.FINISHED)
    response = _send_back(visit, finished.location)
    if finished.remember_token:
        remembered_browsers.set_cookie(response, finished.remember_token)
    return response


def _send_back(visit: Visit, location: str) -> Response:
    """Send the browser to the merchant, or back to the phone."""
    if not visit.on_phone:
        return door.send_back(visit.login, visit.unit, location)
    g.answered_login = visit.login.id
    return _to_phone(visit)


def _to_phone(visit: Visit) -> Response:
    key, login_id = visit.login.person_key, visit.login.id
    return redirect(url_for("phone.show", key=key, answered=login_id), 303)


def _repeat_end(visit: Visit) -> Response:
    """Answer a repeated press like the first one."""
    if visit.on_phone:
        return _to_phone(visit)
    if visit.login.error_location:
        return door.send_back(visit.login, visit.unit, visit.login.error_location)
    return _go_on(visit)


def _choose_person(visit: Visit) -> str | None:
    entered = request.form.get("phone_number", "")
    key = request.form.get("person", "")
    found = fetch(visit.session, Person, key) if key else persons.by_phone_number(visit.session, entered)
    if found is None:
        visit.problem = "phone_number"
        return _page(visit)
    logins.choose(visit.login, found, remember="remember" in request.form)
    return None


def _unchoose(visit: Visit) -> None:
    if visit.step in (Step.PERSON, Step.CONFIRM):  # after that, another person would have this confirmation
        logins.unchoose(visit.login)


def _confirm_number(visit: Visit) -> Response | None:
    if logins.confirm(visit.login, request.form.get("number", ""), visit.now):
        return None
    return _end(visit, "wrong_challenge", faults.REDIRECT_ERRORS["wrong_challenge"])


def _record_screen(visit: Visit) -> str | None:
    """Store the answers as displayed; if a required item is missing, show the screen again."""
    submission = answers.Submission(
        accepted=set(request.form.getlist("accepted")),
        language=request.form.get("language", ""),
        version=request.form.get("version", type=int),
        number=request.form.get("number", type=int),
    )
    if answers.record_screen(visit.unit, visit.login, visit.step, submission, visit.now):
        visit.problem = "required"
        return _page(visit)
    return None


def _go_back(visit: Visit) -> None:
    answers.go_back(visit.unit, visit.login, i18n.screen_language())


def _cancel(visit: Visit) -> Response:
    too_young = visit.step is Step.TOO_YOUNG
    description = scripted_login.TOO_YOUNG if too_young else faults.REDIRECT_ERRORS["access_denied"]
    return _end(visit, "access_denied", description)


def _fail(visit: Visit) -> Response | None:
    error = request.form.get("error", "")
    if error not in faults.REDIRECT_ERRORS:
        return None
    return _end(visit, error, faults.REDIRECT_ERRORS[error])


def _end(visit: Visit, error: str, description: str) -> Response:
    location = logins.end_with_error(visit.session, visit.login, error, description, now=visit.now)
    return _send_back(visit, location) if location else error_pages.problem_page(Problem.FINISHED)


def _page(visit: Visit) -> str:
    """Render the screen of the next step."""
    context = views.context(visit.session, visit.login, visit.unit, visit.step, i18n.language(), i18n.screen_language())
    context["on_phone"] = visit.on_phone
    if visit.problem:
        context["accepted"] = request.form.getlist("accepted")
    template = f"{visit.step}.html"
    return render_template(template, problem=visit.problem, remember=remembered_browsers.on_by_default(), **context)
