"""The endpoints that merchants and browsers call, on exactly Vipps' paths.

These views translate HTTP; the rules are in `authorization`, `clients`, `tokens` and `userinfo`. There are no CORS
headers: calls from a browser's script are not supported in any flow (Vipps MobilePay Login FAQ).
"""

import errno
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

from flask import Blueprint, Response, g, json, redirect, request, url_for
from flask import session as browser_session
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from . import backchannel, discovery, door, logins, persons, remembered_browsers, request_log, scenarios, tokens, views
from . import userinfo as userinfo_rules
from .authorization import Accepted, Refusal, Refused, SentBack, TooLong, check_request
from .clients import OAuthFailure, authenticate
from .clock import utcnow
from .context import simulator
from .database import fetch
from .error_pages import gateway_page, refusal_page
from .faults import Answer
from .models import EndpointFault, SalesUnit
from .random_values import new_value
from .scenarios import Scenario

bp = Blueprint("protocol", __name__)

BROWSER = "browser"
FORM = "application/x-www-form-urlencoded"


@bp.get(discovery.DISCOVERY)
def configuration() -> Response:
    """Show the discovery document."""
    return _document("discovery", lambda _: discovery.document(simulator().config.public_url))


@bp.get(discovery.JWKS)
def jwks() -> Response:
    """Show the public keys."""
    return _document("jwks", lambda session: {"keys": simulator().keys.public_keys(session, utcnow())})


@bp.get(discovery.AUTHORIZE)
def authorize() -> AnyResponse:
    """Check an authorization request; start a login, redirect back with an error, or refuse."""
    parameters = dict(request.args.lists())
    # The length as the browser sent it: with the query still encoded.
    length = len(simulator().config.public_url + request.path) + 1 + len(request.query_string)
    with simulator().store.write() as session:
        unit = fetch(session, SalesUnit, request.args.get("client_id", ""))
        g.client_id = unit and unit.client_id
        g.merchant = unit and views.way_back(unit)
        match check_request(parameters, length, unit):
            case TooLong():
                return gateway_page()
            case Refused() as refused:
                g.error = refused.reason
                return refusal_page(refused)
            case SentBack() as sent_back:
                g.error = sent_back.error
                return redirect(sent_back.location)
            case Accepted() as accepted:
                return _start(session, accepted, scenarios.get(request.args.get(scenarios.PARAMETER, "")))


@bp.post(discovery.TOKEN)
def token() -> Response:
    """Exchange a code for tokens."""
    parts = simulator()
    form = request.form.to_dict()
    with parts.store.write() as session:
        unit = _merchant(session)
        if isinstance(unit, OAuthFailure):
            return _oauth_failure(unit)
        parameters: dict[str, Any] = {
            "issuer": parts.issuer,
            "sign": lambda claims, flaw: parts.keys.sign(session, claims, flaw, unit.client_secret),
            "now": utcnow(),
        }
        if form.get("grant_type") == backchannel.GRANT_TYPE:
            outcome = backchannel.poll(session, unit, form, **parameters)
        else:
            outcome = tokens.exchange(session, unit, form, lifetime=parts.config.code_lifetime, **parameters)
    match outcome:
        case OAuthFailure() as failure:
            return _oauth_failure(failure)
        case Answer() as answer:
            return _faulty(answer)
        case tokens.Issued(body):
            return _json(body)


@bp.post(discovery.BACKCHANNEL)
def start_by_phone_number() -> Response:
    """Start a login on the phone of the person that a merchant names."""
    with simulator().store.write() as session:
        unit = _merchant(session)
        if isinstance(unit, OAuthFailure):
            return _oauth_failure(unit)
        form = request.form.to_dict()
        chosen = scenarios.get(form.get(scenarios.PARAMETER, "")).faults
        outcome = backchannel.start(session, unit, form, chosen, utcnow())
    return _oauth_failure(outcome) if isinstance(outcome, OAuthFailure) else _json(outcome.body)


@bp.post(discovery.USER_EXISTS)
def user_exists() -> Response:
    """Tell a merchant whether a phone number has a user."""
    with simulator().store.read() as session:
        unit = _merchant(session)
        if isinstance(unit, OAuthFailure):
            return _oauth_failure(unit)
        found = backchannel.person_of_hint(session, request.form)
    return _oauth_failure(found) if isinstance(found, OAuthFailure) else _json({"exists": found is not None})


@bp.post(discovery.REVOKE)
def revoke() -> Response:
    """Revoke an access token (RFC 7009)."""
    form = request.form.to_dict()
    with simulator().store.write() as session:
        unit = authenticate(session, request.headers.get("Authorization", ""), form)
        if isinstance(unit, OAuthFailure):
            return _oauth_failure(unit)
        g.client_id = unit.client_id
        tokens.revoke(session, unit, form.get("token", ""), utcnow())
    return Response(status=200)


@bp.get(discovery.USERINFO, strict_slashes=False)
@bp.get(f"{discovery.USERINFO}/", strict_slashes=False)
def userinfo() -> Response:
    """Return the claims that the person shares."""
    with simulator().store.read() as session:
        outcome = userinfo_rules.read(
            session,
            request.headers.get("Authorization", ""),
            has_subscription_key="Ocp-Apim-Subscription-Key" in request.headers,
            lifetime=simulator().config.access_token_lifetime,
            now=utcnow(),
        )
    match outcome:
        case userinfo_rules.Unauthorized() as refused:
            g.error = "unauthorized"
            response = _json(refused.to_json(), 401)
            response.headers["WWW-Authenticate"] = "Bearer"  # RFC 6750 section 3
            return response
        case Answer() as answer:
            return _faulty(answer)
        case userinfo_rules.UserInfo(claims, client_id):
            g.client_id = client_id
            return _json(claims)


@bp.after_request
def remember_call(response: Response) -> Response:
    """Log the call."""
    endpoint = (request.endpoint or "").removeprefix(f"{bp.name}.")
    with simulator().store.write() as session:
        request_log.record(session, endpoint, g.get("client_id"), response.status_code, g.get("error"))
    return response


def _start(session: Session, accepted: Accepted, scenario: Scenario) -> AnyResponse:
    """Start the login; a remembered browser may be redirected back at once."""
    if scenario.refusal:
        g.error = scenario.refusal
        return refusal_page(Refused(Refusal(scenario.refusal), accepted.redirect_uri))
    now = utcnow()
    browser = browser_session.setdefault(BROWSER, new_value())
    login = logins.begin(session, accepted, browser, now, scenario.faults)
    if hinted := persons.by_hint(session, request.args.get("login_hint", "")):
        login.hinted_key = hinted.key
    login.stops_at_door = door.is_wanted()
    if remembered := remembered_browsers.token_of_browser():
        logins.recognise(session, login, remembered, remembered_browsers.oldest(now))
    if logins.next_step(session, login, now) is logins.Step.FINISH:
        finished = logins.finish_new(session, login, simulator().config.code_lifetime, now)
        return door.send_back(login, session.get_one(SalesUnit, login.client_id), finished.location)
    return redirect(url_for("screens.show", login_id=login.id))


def _merchant(session: Session) -> SalesUnit | OAuthFailure:
    """Return the sales unit that sent this request."""
    # RFC 6749 section 3.2 and appendix B: a form in this format, and no parameter more than once.
    if request.mimetype != FORM:
        return OAuthFailure(400, "invalid_request", f"The body is not {FORM}.", "")
    if doubled := _doubled_parameter():
        return OAuthFailure(400, "invalid_request", f"{doubled} was sent more than once.", "")
    unit = authenticate(session, request.headers.get("Authorization", ""), request.form.to_dict())
    if isinstance(unit, SalesUnit):
        g.client_id = unit.client_id
    return unit


def _doubled_parameter() -> str | None:
    return next((name for name, values in request.form.lists() if len(values) > 1), None)


def _oauth_failure(failure: OAuthFailure) -> Response:
    g.error = failure.error
    response = _json(failure.to_json(), failure.status)
    if failure.retry_after:
        response.headers["Retry-After"] = str(failure.retry_after)
    if failure.status == 401 and "Authorization" in request.headers:
        # RFC 6749 section 5.2: answer with the scheme that the client used.
        response.headers["WWW-Authenticate"] = 'Basic realm="Vipps Login, simulated"'
    return response


def _document(name: str, build: Callable[[Session], dict[str, Any]]) -> Response:
    """Show the discovery document or the key set, or the fault that is set for it."""
    with simulator().store.read() as session:
        fault = fetch(session, EndpointFault, name)
        if fault and "members" not in fault.fault:
            return _faulty(Answer(**fault.fault))
        return _cached({**build(session), **(fault.fault["members"] if fault else {})})


def _cached(body: dict[str, Any]) -> Response:
    response = _json(body)
    response.headers["Cache-Control"] = f"max-age={discovery.MAX_AGE}"
    return response


def _faulty(answer: Answer) -> Response:
    """Send the answer of a fault, delayed or cut off if the fault says so."""
    if answer.delay:
        time.sleep(answer.delay)
    body = answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
    response = Response(" " * answer.filler + body, answer.status, content_type=answer.content_type)
    if answer.location:
        response.headers["Location"] = answer.location
    if answer.cut or answer.drop:
        response.headers["Content-Length"] = str(len(body) + 1000)
        response.response = _cut_off(b"" if answer.drop else body.encode(), request.environ)
    return response


def _cut_off(body: bytes, environ: dict[str, Any]) -> Iterator[bytes]:
    """Send half of a body, then close the connection as if it broke; the servers log no error for this exception.

    Without a body not even the headers are sent, as by a server that is down. Werkzeug and gunicorn expose their
    socket, so the connection closes at once and not after a timeout.
    """
    if body:
        yield body[: len(body) // 2]
    if connection := environ.get("werkzeug.socket") or environ.get("gunicorn.socket"):
        connection.shutdown(socket.SHUT_RDWR)
    raise ConnectionResetError(errno.ECONNRESET, "cut off, as asked for")


def _json(body: Any, status: int = 200) -> Response:
    """Answer with Vipps' content type."""
    return Response(json.dumps(body), status, content_type="application/json;charset=UTF-8")
