"""The two addresses of a login: where it starts, and where Vipps sends the person back.

`start` writes an attempt and redirects; `callback` takes the attempt, makes the two calls and hands the result to the
merchant. Read `callback` beside the sequence diagram of OpenID Connect: a line per arrow. There is one callback for
every purpose; the purpose is in the attempt, never in the URL. What a login means in the shop is the `Merchant`'s.
"""

import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from flask import Blueprint, Flask, Response, current_app, make_response, redirect, request
from flask.typing import ResponseReturnValue
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.datastructures import MultiDict

from .attempts import LIFETIME, Attempt, Attempts, Expired, Repeated, random_value
from .breaker import BreakerState
from .claims import UserInfo, parse
from .client import VippsClient
from .config import CALLBACK_PATH, VippsConfig
from .errors import LoginRefused, refused_by_vipps
from .id_token import IdToken
from .purposes import Purpose
from .return_path import local_path
from .revocation import Delivery

bp = Blueprint("vipps", __name__)

# An attempt is taken by UPDATE ... RETURNING, which MySQL and MariaDB do not have.
DATABASES = ("sqlite", "postgresql")

REFUSED = "refused"
# RFC 6749, appendix A.11: printable ASCII; the length is ours, far above what Vipps sends.
CODE = re.compile(r"[\x20-\x7e]{1,2000}")
COOKIE_VALUE = re.compile(r"[A-Za-z0-9_-]{43}")
WAIT_SECONDS = 8.0  # for the first of two simultaneous callbacks to end
POLL_SECONDS = 0.05
MOST_WAITING = 16  # repeated callbacks of one process


@dataclass(frozen=True)
class Login:
    """A login that passed every check: what was begun, who came back, and what Vipps says about them.

    `userinfo` is what could be read of the `claims`, which are as received.
    """

    attempt: Attempt
    issuer: str
    client_id: str
    id_token: IdToken
    userinfo: UserInfo
    claims: Mapping[str, Any]


class Merchant(Protocol):
    """What the integration asks of the shop around it."""

    def offer(self, next_path: str) -> ResponseReturnValue:
        """Show the login page, with its button, instead of a login that the person did not start."""

    def count_start(self) -> None:
        """Count that this client begins a login; raises `LoginRefused` if it has begun enough for now."""

    def is_theirs(self, attempt: Attempt) -> bool:
        """Tell whether this browser still acts for whoever the attempt was begun for."""

    def accept(self, login: Login) -> ResponseReturnValue:
        """Do what the attempt was for, in one transaction, in which its outcome is noted (`Attempts.finish`)."""

    def repeat(self, attempt: Attempt, outcome: str | None) -> ResponseReturnValue:
        """Answer a callback that has been answered before; raises `LoginRefused` if it cannot be repeated."""

    def refuse(self, error: LoginRefused, next_path: str, purpose: Purpose | None) -> ResponseReturnValue:
        """Say that nothing was done, why, and what to do; log it. The purpose of a login that is not known is None."""

    def receive(self, delivery: Delivery) -> bool:
        """Do what an event means, in one transaction and once; tell whether it was understood, now or the first time.

        Raises `TooManyRequests` when there have been enough for now.
        """


@dataclass(frozen=True)
class Integration:
    """The parts that the routes work with; kept in `app.extensions["vipps"]`."""

    client: VippsClient
    attempts: Attempts
    merchant: Merchant
    waiting: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(MOST_WAITING))

    @property
    def cookie(self) -> str:
        """Return the name of the cookie that binds an attempt to a browser."""
        return "__Host-vipps-login" if self.client.config.secure_cookies else "vipps-login"


def init_app(app: Flask, config: VippsConfig, merchant: Merchant, engine: Callable[[], Engine]) -> None:
    """Mount the routes for one merchant and one sales unit; raises `ValueError` for an unsupported database."""
    with app.app_context():
        dialect = engine().dialect.name
    if dialect not in DATABASES:
        raise ValueError(f"Vipps Login needs SQLite or PostgreSQL here; {dialect} is not supported")
    app.extensions["vipps"] = Integration(VippsClient(config), Attempts(engine), merchant)
    app.register_blueprint(bp)


def integration() -> Integration:
    """Return the integration of the running app."""
    return cast(Integration, current_app.extensions["vipps"])


def rests() -> bool:
    """Tell whether Vipps is known to be down just now, so that a page can say so beside its button."""
    return integration().client.breaker.state is BreakerState.OPEN


@bp.get("/login/vipps")
def start() -> ResponseReturnValue:
    """Begin a login: remember it, and send the browser to Vipps."""
    next_path = local_path(request.args.get("next"), "/")
    if not started_by_the_person():
        return private(integration().merchant.offer(next_path))
    return begin(Purpose.MEMBERS if "members" in request.args else Purpose.LOG_IN, next_path)


@bp.get(CALLBACK_PATH)
def callback() -> ResponseReturnValue:
    """Finish a login: the person is back from Vipps, with a code or with an error."""
    vipps, next_path, purpose = integration(), "/", None
    try:
        state = only(request.args, "state", missing="state_missing")
        claimed = vipps.attempts.claim(state, browser_cookie(vipps))
        attempt = claimed.attempt if isinstance(claimed, Repeated) else claimed
        next_path, purpose = attempt.next_path, attempt.purpose
        return answer_again(vipps, claimed) if isinstance(claimed, Repeated) else finish(vipps, attempt)
    except Expired as error:
        # They may begin the same again; but not what somebody began who was logged in here before.
        late = error.attempt
        purpose = late.purpose if vipps.merchant.is_theirs(late) else None
        return private(vipps.merchant.refuse(error, late.next_path, purpose))
    except LoginRefused as error:
        return private(vipps.merchant.refuse(error, next_path, purpose))
    except SQLAlchemyError as error:
        unavailable = LoginRefused("database_unavailable", detail=type(error).__name__)
        return private(vipps.merchant.refuse(unavailable, next_path, purpose))


def finish(vipps: Integration, attempt: Attempt) -> ResponseReturnValue:
    """Turn the response of this attempt into a login: the diagram's arrows, from the code to the session."""
    try:
        # Before the code is sent: whoever logged in meanwhile must not get what somebody else began (RFC 9700, 4.7).
        if not vipps.merchant.is_theirs(attempt):
            raise LoginRefused("session_changed")
        with vipps.client.conversation() as deadline:
            vipps.client.check_issuer(request.args.getlist("iss"), deadline)
            code = code_of(request.args)
            tokens = vipps.client.exchange(code, attempt, deadline)
            id_token = vipps.client.validate(tokens, attempt, deadline)
            claims = vipps.client.userinfo(tokens, id_token, deadline)
        login = Login(attempt, id_token.issuer, vipps.client.config.client_id, id_token, parse(claims), claims)
        return private(vipps.merchant.accept(login))
    except LoginRefused:
        vipps.attempts.finish(attempt, outcome=REFUSED)
        raise


def begin(purpose: Purpose, next_path: str, owner: str = "") -> Response:
    """Write the attempt, bind it to this browser and to its owner, and redirect to the authorization URL.

    Every purpose but logging in is begun by a form post that carries a CSRF token, on behalf of its `owner`.
    """
    vipps = integration()
    # One value per browser, kept while logins are open, so that several tabs can be under way at once.
    browser = browser_cookie(vipps) or random_value()
    try:
        vipps.client.breaker.check()
        vipps.merchant.count_start()
        attempt = vipps.attempts.begin(browser, purpose, next_path, owner)
        response = make_response(redirect(vipps.client.authorization_url(attempt)))
    except LoginRefused as error:
        return private(vipps.merchant.refuse(error, next_path, purpose))
    except SQLAlchemyError as error:
        unavailable = LoginRefused("database_unavailable", detail=type(error).__name__)
        return private(vipps.merchant.refuse(unavailable, next_path, purpose))
    # Lax, because the callback is a top-level navigation from another site: Strict would lose the cookie.
    response.set_cookie(
        vipps.cookie,
        browser,
        max_age=int(LIFETIME.total_seconds()),
        secure=vipps.client.config.secure_cookies,
        httponly=True,
        samesite="Lax",
    )
    return private(response)


def answer_again(vipps: Integration, repeated: Repeated) -> ResponseReturnValue:
    """Answer a repeated callback of the same browser without calling Vipps again.

    A double click sends two at once, and the browser shows the second answer: wait for the first to end.
    """
    outcome = repeated.outcome
    if outcome is None and vipps.attempts.in_progress(repeated.attempt):
        outcome = wait_for_outcome(vipps, repeated.attempt)
    return private(vipps.merchant.repeat(repeated.attempt, outcome))


def wait_for_outcome(vipps: Integration, attempt: Attempt) -> str | None:
    """Wait for another callback of this attempt to end; only a few may wait, since each takes a thread."""
    if not vipps.waiting.acquire(blocking=False):
        raise LoginRefused("too_many_logins")
    try:
        gives_up_at = time.monotonic() + WAIT_SECONDS
        outcome = None
        while outcome is None and time.monotonic() < gives_up_at:
            time.sleep(POLL_SECONDS)
            outcome = vipps.attempts.outcome_of(attempt)
        return outcome
    finally:
        vipps.waiting.release()


def started_by_the_person() -> bool:
    """Tell whether a person pressed our button, as far as the browser tells.

    A link, an image or a prefetch on another site would log a remembered person in without their doing (ASVS 7.6.2).
    Browsers that send no Fetch Metadata are believed; the others say where the request came from and what for.
    """
    headers = request.headers
    return (
        headers.get("Sec-Fetch-Site", "none") != "cross-site"
        and headers.get("Sec-Fetch-Mode", "navigate") == "navigate"
        and "prefetch" not in headers.get("Sec-Purpose", headers.get("Purpose", ""))
    )


def browser_cookie(vipps: Integration) -> str:
    """Return this browser's binding value, or an empty string if it has none that we could have made."""
    value = request.cookies.get(vipps.cookie, "")
    return value if COOKIE_VALUE.fullmatch(value) else ""


def code_of(args: MultiDict[str, str]) -> str:
    """Return the code of the response, or raise what Vipps says instead (RFC 6749, sections 4.1.2 and 4.1.2.1).

    The state has been checked before, for errors as well; `error_description` is nobody's text but the sender's and is
    neither shown nor logged. Parameters that we do not know are ignored.
    """
    if "error" in args:
        raise refused_by_vipps(only(args, "error", missing="unknown_error"))
    code = only(args, "code", missing="code_missing")
    if not CODE.fullmatch(code):
        raise LoginRefused("code_malformed")
    return code


def only(args: MultiDict[str, str], name: str, missing: str) -> str:
    """Return the one value of a parameter; none, an empty one and two are refused (RFC 6749, section 3.1)."""
    values: Sequence[str] = args.getlist(name)
    if len(values) != 1 or not values[0]:
        raise LoginRefused(missing)
    return values[0]


def private(answer: ResponseReturnValue) -> Response:
    """Keep an answer of the login out of every cache (ASVS 14.3.2)."""
    response = make_response(answer)
    response.headers["Cache-Control"] = "no-store"
    return response
