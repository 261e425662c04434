"""The routes of a login: `start` sends the browser to Vipps, `callback` receives it back.

`start` stores an attempt and redirects. `callback` claims the attempt, calls Vipps twice and hands the result to the
`Merchant`, which decides what a login means in the shop. Read `finish` beside the sequence diagram of OpenID Connect
Core, section 3.1: one line per arrow. All purposes share one callback; the purpose is in the attempt, never in the URL.
"""

import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import urlencode

from flask import Blueprint, Flask, Response, current_app, g, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import escape
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.datastructures import MultiDict

from .attempts import LIFETIME, Attempt, Attempts, Expired, Repeated, random_value
from .breaker import BreakerState
from .claims import UserInfo, parse
from .client import VippsClient
from .config import CALLBACK_PATH, VippsConfig, scoped_cookie_name
from .errors import LoginRefused, refused_by_vipps
from .id_token import IdToken
from .purposes import LoginPurpose
from .return_path import local_path
from .revocation_event import Delivery

bp = Blueprint("vipps", __name__)

# An attempt is claimed by UPDATE ... RETURNING, which MySQL and MariaDB do not have.
DATABASES = ("sqlite", "postgresql")

REFUSED = "refused"
# RFC 6749, appendix A.11: printable ASCII. This maximum length is far above the codes that Vipps sends.
CODE = re.compile(r"[\x20-\x7e]{1,2000}")
COOKIE_VALUE = re.compile(r"[A-Za-z0-9_-]{43}")
WAIT_SECONDS = 8.0  # for the first of two simultaneous callbacks
POLL_SECONDS = 0.05
MAX_WAITING = 16  # repeated callbacks that one process lets wait


@dataclass(frozen=True)
class Login:
    """A login that passed every check.

    `claims` is the userinfo response as received, and `userinfo` its typed values.
    """

    attempt: Attempt
    issuer: str
    client_id: str
    id_token: IdToken
    userinfo: UserInfo
    claims: Mapping[str, Any]


class Merchant:
    """The site's part of a login. A site must implement `accept`; it can override the other methods.

    The defaults fit a site that starts every login with a link and registers no webhook.
    """

    def accept(self, login: Login) -> ResponseReturnValue:
        """Complete the login in one transaction, which also stores its outcome (`Attempts.finish`)."""
        raise NotImplementedError

    def offer(self, next_path: str) -> ResponseReturnValue:
        """Show the login page with its button, because another site started this login."""
        return redirect("/", 303)

    def count_start(self) -> None:
        """Count a started login of this client; raise `LoginRefused` over the limit."""

    def lead_on(self, url: str) -> ResponseReturnValue:
        """Show the page between a form and Vipps, with a link to this URL: some browsers ignore `Refresh` headers."""
        return f'<a href="{escape(url)}">Continue to Vipps</a>'

    def is_theirs(self, attempt: Attempt) -> bool:
        """Tell whether the customer for whom the attempt was started is still the one logged in here."""
        return not attempt.owner

    def repeat(self, attempt: Attempt, outcome: str | None) -> ResponseReturnValue:
        """Answer a repeated callback; raise `LoginRefused` if the first answer cannot be given again."""
        return redirect(attempt.next_path, 303)  # the first answer has set the cookie, or has refused the login

    def refuse(self, error: LoginRefused, next_path: str, purpose: LoginPurpose | None) -> ResponseReturnValue:
        """Show and log a refusal: what happened and what to do. `purpose` is None if the login is unknown."""
        page, brand = error.refusal.page, {"brand": "Vipps"}
        text = f"<h1>{page.title % brand}</h1><p>{page.explanation % brand}</p>"
        return f'{text}<a href="/login/vipps?{urlencode({"next": next_path})}">Try again</a>', error.refusal.status

    def receive(self, delivery: Delivery) -> bool:
        """Process an event once, in one transaction; return whether it was understood, now or the first time.

        Raise `TooManyRequests` over the limit.
        """
        raise NotImplementedError


@dataclass(frozen=True)
class Integration:
    """The parts that the routes use, in `app.extensions["vipps"]`."""

    client: VippsClient
    attempts: Attempts
    merchant: Merchant
    waiting: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(MAX_WAITING))

    @property
    def cookie(self) -> str:
        """Return the name of the cookie that binds an attempt to a browser."""
        return scoped_cookie_name("vipps-login", self.client.config.redirect_uri)


def init_app(app: Flask, config: VippsConfig, merchant: Merchant, engine: Callable[[], Engine]) -> None:
    """Mount the routes for one merchant and one sales unit; raise `ValueError` for an unsupported database."""
    with app.app_context():
        dialect = engine().dialect.name
    if dialect not in DATABASES:
        raise ValueError(f"Vipps Login needs SQLite or PostgreSQL here; {dialect} is not supported")
    app.extensions["vipps"] = Integration(VippsClient(config), Attempts(engine), merchant)
    app.register_blueprint(bp)


def integration() -> Integration:
    """Return the integration of the running app."""
    return cast(Integration, current_app.extensions["vipps"])


def is_suspended() -> bool:
    """Tell whether the circuit breaker is open, so that a page can say so beside its button."""
    return integration().client.breaker.state is BreakerState.OPEN


@bp.get("/login/vipps")
def start() -> ResponseReturnValue:
    """Start a login: store an attempt and send the browser to Vipps."""
    next_path = local_path(request.args.get("next"), "/")
    if not started_by_user():
        return private(integration().merchant.offer(next_path))
    return begin(LoginPurpose.MEMBERS if "members" in request.args else LoginPurpose.LOG_IN, next_path)


@bp.get("/login/vipps/continue")
def go_to_vipps() -> ResponseReturnValue:
    """Lead the browser to Vipps after a form that started a login. Opening this page changes no data.

    Chromium applies the policy's `form-action` to every redirect after a form post, also to those at Vipps, whose hosts
    may change. This page ends that chain. Only the browser that sent the form can open it: cookie and state must match.
    """
    vipps, next_path = integration(), "/"
    try:
        attempt = vipps.attempts.find(only(request.args, "state", missing="state_missing"), browser_cookie(vipps))
        if isinstance(attempt, Repeated):
            return private(redirect(attempt.attempt.next_path, 303))
        next_path, url = attempt.next_path, vipps.client.authorization_url(attempt)
    except (LoginRefused, SQLAlchemyError) as error:
        return refused(error, next_path, None)
    response = private(vipps.merchant.lead_on(url))
    response.headers["Refresh"] = f"0;url={url}"  # the browser's history keeps only the page that it leads to
    return response


@bp.get(CALLBACK_PATH)
def callback() -> ResponseReturnValue:
    """Finish a login: Vipps has sent the browser back, with a code or an error."""
    if not opened_by_browser():
        return private(Response(status=405, headers={"Allow": "GET, OPTIONS"}))
    vipps, next_path, purpose = integration(), "/", None
    try:
        state = only(request.args, "state", missing="state_missing")
        claimed = vipps.attempts.claim(state, browser_cookie(vipps))
        attempt = claimed.attempt if isinstance(claimed, Repeated) else claimed
        next_path, purpose = attempt.next_path, attempt.purpose
        return replay_answer(vipps, claimed) if isinstance(claimed, Repeated) else finish(vipps, attempt)
    except Expired as error:
        # The customer may start the same login again, but not one that another customer started in this browser.
        late = error.attempt
        return refused(error, late.next_path, late.purpose if vipps.merchant.is_theirs(late) else None)
    except (LoginRefused, SQLAlchemyError) as error:
        return refused(error, next_path, purpose)


def finish(vipps: Integration, attempt: Attempt) -> ResponseReturnValue:
    """Turn the response of this attempt into a login: the arrows of the diagram, from the code to the session."""
    try:
        # Before the code is sent: another customer may have logged in meanwhile (RFC 9700, section 4.7).
        if not vipps.merchant.is_theirs(attempt):
            raise LoginRefused("session_changed")
        with vipps.client.slot() as deadline:
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


def begin(purpose: LoginPurpose, next_path: str, owner: str = "") -> Response:
    """Store an attempt, bind it to this browser and its owner, and redirect to the authorization URL.

    Every purpose except logging in starts with a form post that has a CSRF token, for its `owner`; a form's redirect
    leads through `go_to_vipps`.
    """
    vipps = integration()
    # One value per browser, kept while logins are open, so that several tabs can log in at the same time.
    browser = browser_cookie(vipps) or random_value()
    try:
        vipps.client.breaker.check()
        vipps.merchant.count_start()
        attempt = vipps.attempts.begin(browser, purpose, next_path, owner)
        g.authorization_url = url = vipps.client.authorization_url(attempt)  # also for hooks after the request
    except (LoginRefused, SQLAlchemyError) as error:
        return refused(error, next_path, purpose)
    if request.method == "POST":
        response = make_response(redirect(url_for("vipps.go_to_vipps", state=attempt.state), 303))
    else:
        response = make_response(redirect(url))
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


def replay_answer(vipps: Integration, repeated: Repeated) -> ResponseReturnValue:
    """Answer a repeated callback of the same browser without calling Vipps again.

    A double click sends two callbacks, and the browser shows the answer to the second: wait for the first.
    """
    outcome = repeated.outcome
    if outcome is None and vipps.attempts.in_progress(repeated.attempt):
        outcome = wait_for_replay_outcome(vipps, repeated.attempt)
    return private(vipps.merchant.repeat(repeated.attempt, outcome))


def wait_for_replay_outcome(vipps: Integration, attempt: Attempt) -> str | None:
    """Wait until another callback of this attempt ends. Only a few may wait, because each takes a thread."""
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


def started_by_user() -> bool:
    """Tell whether the user started this login on a page of this site, by the browser's Fetch Metadata headers.

    A link, an image or a prefetch on another site would log in a user whom Vipps remembers, without their action (ASVS
    7.6.2). A browser that sends no Fetch Metadata is trusted.
    """
    headers = request.headers
    return (
        opened_by_browser()
        and headers.get("Sec-Fetch-Site", "none") != "cross-site"
        and headers.get("Sec-Fetch-Mode", "navigate") == "navigate"
    )


def opened_by_browser() -> bool:
    """Tell whether a browser opens this address now: a HEAD request or a prefetch must use up no attempt.

    Browsers send "prefetch" as `Sec-Purpose` (Fetch, section 3.10), older ones as `Purpose` or `X-Moz`.
    """
    purposes = " ".join(request.headers.get(name, "") for name in ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"))
    return request.method == "GET" and not re.search("prefetch|prerender|preview", purposes, re.IGNORECASE)


def browser_cookie(vipps: Integration) -> str:
    """Return the value of this browser's cookie; an empty string if there is none or it is malformed."""
    value = request.cookies.get(vipps.cookie, "")
    return value if COOKIE_VALUE.fullmatch(value) else ""


def code_of(args: MultiDict[str, str]) -> str:
    """Return the code of the response, or raise its error (RFC 6749, sections 4.1.2 and 4.1.2.1).

    The state has been checked before, also for errors. Anyone can put text into `error_description`, so it is neither
    shown nor logged. Unknown parameters are ignored.
    """
    if "error" in args:
        raise refused_by_vipps(only(args, "error", missing="unknown_error"))
    code = only(args, "code", missing="code_missing")
    if not CODE.fullmatch(code):
        raise LoginRefused("code_malformed")
    return code


def only(args: MultiDict[str, str], name: str, missing: str) -> str:
    """Return the only value of a parameter; refuse a missing, empty or repeated one (RFC 6749, section 3.1)."""
    values: Sequence[str] = args.getlist(name)
    if len(values) != 1 or not values[0]:
        raise LoginRefused(missing)
    return values[0]


def refused(error: LoginRefused | SQLAlchemyError, next_path: str, purpose: LoginPurpose | None) -> Response:
    """Show the merchant's page of a refusal. An error of the database becomes a refusal too."""
    if isinstance(error, SQLAlchemyError):
        error = LoginRefused("database_unavailable", detail=type(error).__name__)
    return private(integration().merchant.refuse(error, next_path, purpose))


def private(answer: ResponseReturnValue) -> Response:
    """Keep a response of the login out of all caches (ASVS 14.3.2)."""
    response = make_response(answer)
    response.headers["Cache-Control"] = "no-store"
    return response
