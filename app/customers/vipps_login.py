"""What a Vipps login means in this shop: the `Merchant` that the integration asks for.

Everything that a login changes is one transaction: the customer is found or made, what Vipps said is kept, consents
are recorded, the decision is written down, and a new session begins. A failure anywhere leaves nothing behind.
"""

from dataclasses import asdict
from datetime import timedelta

from flask import Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import bindparam, select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.orm import joinedload

from app.customers import session_rows
from app.customers.email_address import normal_email
from app.customers.models import ConsentRecord, Customer, CustomerSession, LoginEvent, VippsLink, VippsProfile
from app.customers.sessions import (
    current_customer,
    current_session,
    forget,
    set_session_cookie,
    start_session,
)
from app.database import begin_write, db, utcnow
from app.i18n import language
from app.observability import log, reference
from app.settings import settings_of_app
from app.vipps.attempts import Attempt
from app.vipps.claims import UserInfo
from app.vipps.errors import LoginRefused
from app.vipps.matching import Create, Facts, LogIn, decide
from app.vipps.routes import Login

METHOD = "vipps"
# How long after a login its callback may be repeated by the same browser and still lead into it: long enough for
# a double click or a reload, too short for the back button after lunch.
REPEATABLE = timedelta(minutes=1)
RETRY_SECONDS = 5
LINK_OF_SUBJECT = (
    select(VippsLink)
    .where(
        VippsLink.issuer == bindparam("issuer"),
        VippsLink.client_id == bindparam("client_id"),
        VippsLink.subject == bindparam("subject"),
    )
    .options(joinedload(VippsLink.customer), joinedload(VippsLink.profile))
)


class VippsLogin:
    """This shop's side of a Vipps login."""

    def offer(self, next_path: str) -> ResponseReturnValue:
        """Show the login page to somebody whom another site sent into a login."""
        return redirect(url_for("login.page", next=next_path), 303)

    def accept(self, login: Login) -> tuple[str, ResponseReturnValue]:
        """Log the person in; of two first logins at the same moment, the second finds what the first made."""
        try:
            token = self._log_in(login)
        except IntegrityError:
            self._undo()
            token = self._log_in(login)
        except SQLAlchemyError:
            self._undo()
            raise
        return _outcome(), _welcome(login.attempt.next_path, token)

    def repeat(self, attempt: Attempt, outcome: str | None) -> ResponseReturnValue:
        """Lead a repeated callback to where the first one led, while that is fresh."""
        if current_customer() is not None:
            return redirect(attempt.next_path, 303)
        session = db.session.get(CustomerSession, int(outcome)) if outcome and outcome.isdigit() else None
        if session is None or session.ended_at is not None or session.created_at < utcnow() - REPEATABLE:
            raise LoginRefused("state_used")
        # A session of its own: the first answer's cookie may be the one that the browser keeps.
        _row, token = session_rows.add(session.customer, METHOD, request.user_agent.string)
        db.session.commit()
        return _welcome(attempt.next_path, token)

    def refuse(self, error: LoginRefused, next_path: str) -> ResponseReturnValue:
        """Show the refusal's page and write its line, both with the same reference number."""
        db.session.rollback()
        refusal, brand = error.refusal, settings_of_app().brand
        getattr(log, refusal.level)("vipps_login_refused", code=refusal.code, detail=error.detail, cause=refusal.cause)
        html = render_template(
            "vipps/refused.html",
            title=_(refusal.page.title, brand=brand),
            explanation=_(refusal.page.explanation, brand=brand),
            calm=refusal.level == "info",
            next_path=next_path,
            reference=reference(),
        )
        response = make_response(html, refusal.status)
        if refusal.status == 503:
            response.headers["Retry-After"] = str(RETRY_SECONDS)
        return response

    def _undo(self) -> None:
        db.session.rollback()
        forget()

    def _log_in(self, login: Login) -> str:
        begin_write()
        link = _find_link(login)
        decision = decide(Facts(known_customer_id=link.customer_id if link else None))
        match decision:
            case LogIn():
                link = link or _new_customer(login)
            case Create():
                link = _new_customer(login)
        _keep_profile(link, login.userinfo)
        _keep_consents(link.customer, login.userinfo)
        db.session.add(
            LoginEvent(
                customer_id=link.customer.id,
                method=METHOD,
                decision=decision.name,
                reasons=list(decision.reasons),
                reference=reference(),
            )
        )
        token = start_session(link.customer, METHOD)
        db.session.commit()
        log.info("logged_in", method=METHOD, decision=decision.name, problems=list(login.userinfo.problems))
        return token


def _outcome() -> str:
    """Name the session that a login has made, for a repeated callback."""
    session = current_session()
    return str(session.id) if session else ""


def _welcome(next_path: str, token: str) -> Response:
    response = make_response(redirect(next_path, 303))
    set_session_cookie(response, token)
    return response


def _find_link(login: Login) -> VippsLink | None:
    """Find the account of a subject: by issuer, client and subject, never by a claim that can change hands."""
    who = {"issuer": login.issuer, "client_id": login.client_id, "subject": login.id_token.subject}
    return db.session.scalar(LINK_OF_SUBJECT, who)


def _new_customer(login: Login) -> VippsLink:
    """Make an account for a person we have not met, with what Vipps has verified about them."""
    info, now = login.userinfo, utcnow()
    email = normal_email(info.email) if info.email_verified else None
    if email and _taken(email):
        email = None
    customer = Customer(
        email=email,
        email_verified_at=now if email else None,
        phone_number=info.phone_number,
        phone_verified_at=now if info.phone_number else None,
        name=info.name or "",
        given_name=info.given_name or "",
        family_name=info.family_name or "",
        locale=language(),
    )
    link = VippsLink(customer=customer, issuer=login.issuer, client_id=login.client_id, subject=login.id_token.subject)
    db.session.add(link)
    db.session.flush()
    return link


def _taken(email: str) -> bool:
    return db.session.scalar(select(Customer.id).where(Customer.email == email)) is not None


def _keep_profile(link: VippsLink, info: UserInfo) -> None:
    """Replace what Vipps said last; what the customer keeps in the shop is not touched."""
    profile = link.profile or VippsProfile()
    link.profile = profile
    profile.received_at = utcnow()
    profile.name, profile.given_name, profile.family_name = info.name, info.given_name, info.family_name
    profile.email, profile.email_verified = info.email, info.email_verified
    profile.phone_number, profile.birthdate = info.phone_number, info.birthdate
    profile.addresses = [asdict(address) for address in info.addresses]


def _keep_consents(customer: Customer, info: UserInfo) -> None:
    """Record the answers that came with this login; their absence changes nothing."""
    for answer in info.consents:
        db.session.add(
            ConsentRecord(
                customer_id=customer.id,
                consent_id=answer.id,
                granted=answer.granted,
                required=answer.required,
                text=answer.text,
                language=answer.language,
                given_at=answer.given_at,
                source="vipps_login",
                evidence=answer.evidence,
            )
        )
