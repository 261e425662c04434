"""`/metrics` for Prometheus: logins by outcome, how long Vipps takes, consents, webhook events, sessions, requests.

Off unless `METRICS_TOKEN` is set: otherwise nothing is imported and nothing measured. Every value of a label comes from
a list that is closed when the shop starts, and what is on none of them is `other`: whoever could invent values could
fill the memory of this process and of Prometheus (Prometheus: metric and label naming, "Do not use labels to store
dimensions with high cardinality"). Nothing here is about a person.

Several workers count together in the files of `PROMETHEUS_MULTIPROC_DIR`, which `gunicorn.conf.py` sets up, so that any
of them can answer for all. Their master adds up those of workers that have ended, between two readings.
"""

import hmac
from collections.abc import Container, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Flask, Response, abort, current_app, has_app_context, request
from flask.typing import ResponseReturnValue

from app import signals
from app.customers.consents.channels import CHANNELS
from app.customers.linking.revocation import Outcome
from app.customers.models import EndReason, LoginMethod
from app.settings import Settings, settings_of_app
from app.vipps.call_signal import Call, call_made
from app.vipps.errors import REFUSALS
from app.vipps.matching import Verdict

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

bp = Blueprint("metrics", __name__)

OTHER = "other"
METHODS = frozenset(LoginMethod)
PASSWORD_OUTCOMES = frozenset({"let_in", "refused", "too_many", "blocked"})
LOGIN_OUTCOMES = frozenset({*REFUSALS, *Verdict}) | PASSWORD_OUTCOMES
EVENT_OUTCOMES = frozenset({*Outcome, "unreadable", "too_many", "database_error"})
END_REASONS = frozenset(EndReason)
ENDPOINTS = {"openid-configuration": "discovery", "jwks.json": "keys", "token": "token", "userinfo": "userinfo"}
CALL_FAILURES = frozenset({"vipps_timeout", "vipps_unreachable", "answer_too_large", "redirect_refused"})
CLASSES = frozenset({"2xx", "3xx", "4xx", "5xx"})
# A login's calls end after 5 seconds.
SECONDS = (0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0)


def init_app(app: Flask, settings: Settings) -> None:
    """Count from now on, and show the numbers, if the settings say so."""
    if settings.metrics_token.get_secret_value():
        app.extensions["metrics"] = Numbers(app)
        app.register_blueprint(bp)


@bp.get("/metrics")
def show() -> ResponseReturnValue:
    """Show the numbers to who knows the token; for everybody else there is no such page."""
    from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

    settings = settings_of_app()
    expected = f"Bearer {settings.metrics_token.get_secret_value()}"
    given = request.headers.get("Authorization", "")
    if not hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode()):
        abort(404)
    registry = _of_all_workers(settings) or current_app.extensions["metrics"].registry
    with _while_nobody_adds_up(settings.prometheus_multiproc_dir):
        response = Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
    response.headers["Cache-Control"] = "no-store"
    return response


def _of_all_workers(settings: Settings) -> "CollectorRegistry | None":
    """Return what all workers have counted together, if there are several."""
    if not settings.prometheus_multiproc_dir:
        return None
    from prometheus_client import CollectorRegistry
    from prometheus_client.multiprocess import MultiProcessCollector

    registry = CollectorRegistry()
    MultiProcessCollector(registry, settings.prometheus_multiproc_dir)  # type: ignore[no-untyped-call]  # the library's
    return registry


@contextmanager
def _while_nobody_adds_up(folder: str) -> Iterator[None]:
    """Keep the files of all workers as they are: read in the middle, a count would be there twice or not at all."""
    if not folder:
        yield
        return
    import fcntl  # where several workers count, there is one

    with (Path(folder) / "lock").open("ab") as lock:  # the one that `add_up` in gunicorn.conf.py takes
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield


class Numbers:
    """The counters of one app; its bound methods listen to the signals for as long as the app lives."""

    def __init__(self, app: Flask) -> None:
        from prometheus_client import CollectorRegistry, Counter, Histogram

        self.registry = here = CollectorRegistry()
        self._app = app
        self._logins = Counter("shop_logins", "Logins by how they ended.", ["method", "outcome"], registry=here)
        self._began = Counter("shop_sessions_begun", "Sessions by how they began.", ["method"], registry=here)
        self._ended = Counter("shop_sessions_ended", "Sessions by why they ended.", ["reason"], registry=here)
        self._consents = Counter("shop_consents", "Answers recorded.", ["channel", "answer"], registry=here)
        self._events = Counter("shop_webhook_events", "Events of the webhook.", ["outcome"], registry=here)
        self._requests = Counter("shop_requests", "Requests by route.", ["route", "status"], registry=here)
        self._calls = Histogram(
            "vipps_call_seconds", "Calls to Vipps.", ["endpoint", "outcome"], registry=here, buckets=SECONDS
        )
        signals.login_ended.connect(self.login)
        signals.session_began.connect(self.session)
        signals.sessions_ended.connect(self.sessions)
        signals.consent_recorded.connect(self.consent)
        signals.event_received.connect(self.event)
        call_made.connect(self.call)
        app.after_request(self.request)

    def login(self, sender: Any, method: str, outcome: str) -> None:
        """Count a login."""
        if self._is_mine():
            self._logins.labels(one_of(METHODS, method), one_of(LOGIN_OUTCOMES, outcome)).inc()

    def session(self, sender: Any, method: str) -> None:
        """Count a session that began."""
        if self._is_mine():
            self._began.labels(one_of(METHODS, method)).inc()

    def sessions(self, sender: Any, reason: str, number: int) -> None:
        """Count sessions that ended; those that lapse end without anybody noticing and are not here."""
        if self._is_mine():
            self._ended.labels(one_of(END_REASONS, reason)).inc(number)

    def consent(self, sender: Any, channel: str, granted: bool) -> None:
        """Count an answer."""
        if self._is_mine():
            self._consents.labels(one_of(CHANNELS, channel), "yes" if granted else "no").inc()

    def event(self, sender: Any, outcome: str) -> None:
        """Count an event of the webhook."""
        if self._is_mine():
            self._events.labels(one_of(EVENT_OUTCOMES, outcome)).inc()

    def call(self, sender: Any, call: Call) -> None:
        """Measure a call to Vipps."""
        if self._is_mine():
            endpoint = ENDPOINTS.get(call.url.partition("?")[0].rpartition("/")[2], OTHER)
            outcome = one_of(CALL_FAILURES, call.failure) if call.status is None else status_class(call.status)
            self._calls.labels(endpoint, outcome).observe(call.seconds)

    def request(self, response: Response) -> Response:
        """Count a request by its rule, of which there are as many as the shop has pages."""
        self._requests.labels(str(request.url_rule or "(none)"), status_class(response.status_code)).inc()
        return response

    def _is_mine(self) -> bool:
        return has_app_context() and current_app._get_current_object() is self._app  # type: ignore[attr-defined]  # a proxy


def one_of(known: Container[str], value: str) -> str:
    """Return a value that is on a list, or `other`."""
    return str(value) if value in known else OTHER


def status_class(status: int) -> str:
    """Return the class of a status, such as `2xx`."""
    return one_of(CLASSES, f"{status // 100}xx")
