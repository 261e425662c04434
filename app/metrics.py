"""Serve `/metrics` for Prometheus: logins by outcome, duration of calls to Vipps, consents, webhook events, sessions.

Without `METRICS_TOKEN` it is off: nothing is imported and nothing measured. Every value of a label is from a list that
is fixed when the shop starts, and any other value becomes `other`: with invented values an attacker could fill the
memory of this process and of Prometheus (Prometheus: metric and label naming, "Do not use labels to store dimensions
with high cardinality"). No metric contains personal data.

Several workers share their counts as files in `PROMETHEUS_MULTIPROC_DIR`, which `gunicorn.conf.py` sets, so that any of
them can answer for all. The files of a worker that has ended stay, so no count is lost.
"""

import hmac
from collections.abc import Container, Iterator
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Flask, Response, abort, current_app, has_app_context, request
from flask.typing import ResponseReturnValue

from app import mail_sender, signals
from app.customers.consents.channels import CHANNELS
from app.customers.linking.revocation import Outcome
from app.customers.models import EndReason, LoginMethod
from app.database import query_or, utcnow
from app.settings import Settings, settings_of_app
from app.vipps.errors import REFUSALS
from app.vipps.matching import Verdict
from app.vipps.transport import Call, call_made

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

bp = Blueprint("metrics", __name__)

OTHER = "other"
METHODS = frozenset(LoginMethod)
PASSWORD_OUTCOMES = frozenset({"let_in", "refused", "too_many", "blocked"})
LOGIN_OUTCOMES = frozenset({*REFUSALS, *Verdict}) | PASSWORD_OUTCOMES
EVENT_OUTCOMES = frozenset({*Outcome, "unreadable", "too_many", "database_error"})
MAIL_OUTCOMES = frozenset(mail_sender.MailOutcome)
END_REASONS = frozenset(EndReason)
ENDPOINTS = {"openid-configuration": "discovery", "jwks.json": "keys", "token": "token", "userinfo": "userinfo"}
CALL_FAILURES = frozenset({"vipps_timeout", "vipps_unreachable", "answer_too_large", "redirect_refused"})
CLASSES = frozenset({"2xx", "3xx", "4xx", "5xx"})
# A login's calls end after 5 seconds.
SECONDS = (0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0)


def init_app(app: Flask, settings: Settings) -> None:
    """Count, and serve `/metrics`, if the settings have a token."""
    if settings.metrics_token.get_secret_value():
        app.extensions["metrics"] = Metrics(app)
        app.register_blueprint(bp)


@bp.get("/metrics")
def show() -> ResponseReturnValue:
    """Return the metrics to a client with the token; all others get 404."""
    from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

    settings = settings_of_app()
    expected = f"Bearer {settings.metrics_token.get_secret_value()}"
    given = request.headers.get("Authorization", "")
    if not hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode()):
        abort(404)
    registry = _of_all_workers(settings) or current_app.extensions["metrics"].registry
    measured = generate_latest(registry) + generate_latest(_mail_queue())
    response = Response(measured, content_type=CONTENT_TYPE_LATEST)
    response.headers["Cache-Control"] = "no-store"
    return response


def _of_all_workers(settings: Settings) -> "CollectorRegistry | None":
    """Return a registry with the counts of all workers, if there are several."""
    if not settings.prometheus_multiproc_dir:
        return None
    from prometheus_client import CollectorRegistry
    from prometheus_client.multiprocess import MultiProcessCollector

    registry = CollectorRegistry()
    MultiProcessCollector(registry, settings.prometheus_multiproc_dir)  # type: ignore[no-untyped-call]  # the library's
    return registry


def _mail_queue() -> "CollectorRegistry":
    """Return a registry with the state of the outbox now, which all workers share."""
    from prometheus_client import CollectorRegistry
    from prometheus_client.core import GaugeMetricFamily

    class Outbox:
        def collect(self) -> Iterator[GaugeMetricFamily]:
            if (queue := query_or(mail_sender.queue, None)) is None:
                return
            yield GaugeMetricFamily("shop_mails_waiting", "Emails that wait.", queue.waiting)
            yield GaugeMetricFamily("shop_mails_waiting_seconds", "Age of the oldest.", queue.seconds(utcnow()))
            yield GaugeMetricFamily("shop_mails_given_up", "Emails of the last 30 days not sent.", queue.given_up)

    registry = CollectorRegistry()
    registry.register(Outbox())
    return registry


class Metrics:
    """The counters of one app. Its methods receive the signals for as long as the app exists."""

    def __init__(self, app: Flask) -> None:
        from prometheus_client import CollectorRegistry, Counter, Histogram

        self.registry = here = CollectorRegistry()
        self._app = app
        self._logins = Counter("shop_logins", "Logins by how they ended.", ["method", "outcome"], registry=here)
        self._began = Counter("shop_sessions_begun", "Sessions by how they began.", ["method"], registry=here)
        self._ended = Counter("shop_sessions_ended", "Sessions by why they ended.", ["reason"], registry=here)
        self._consents = Counter("shop_consents", "Answers recorded.", ["channel", "answer"], registry=here)
        self._events = Counter("shop_webhook_events", "Events of the webhook.", ["outcome"], registry=here)
        self._mails = Counter("shop_mails", "Attempts to send an email by outcome.", ["outcome"], registry=here)
        self._requests = Counter("shop_requests", "Requests by route.", ["route", "status"], registry=here)
        self._calls = Histogram(
            "vipps_call_seconds", "Calls to Vipps.", ["endpoint", "outcome"], registry=here, buckets=SECONDS
        )
        signals.login_ended.connect(self.login)
        signals.session_began.connect(self.session)
        signals.sessions_ended.connect(self.sessions)
        signals.consent_recorded.connect(self.consent)
        signals.event_received.connect(self.event)
        signals.mail_tried.connect(self.mail)
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
        """Count sessions that were ended; expired sessions are not counted, because no code runs when they expire."""
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

    def mail(self, sender: Any, outcome: str) -> None:
        """Count an attempt to send an email."""
        if self._is_mine():
            self._mails.labels(one_of(MAIL_OUTCOMES, outcome)).inc()

    def call(self, sender: Any, call: Call) -> None:
        """Measure a call to Vipps."""
        if self._is_mine():
            endpoint = ENDPOINTS.get(call.url.partition("?")[0].rpartition("/")[2], OTHER)
            outcome = one_of(CALL_FAILURES, call.failure) if call.status is None else status_class(call.status)
            self._calls.labels(endpoint, outcome).observe(call.seconds)

    def request(self, response: Response) -> Response:
        """Count a request by its route: there are as many routes as pages."""
        self._requests.labels(str(request.url_rule or "(none)"), status_class(response.status_code)).inc()
        return response

    def _is_mine(self) -> bool:
        return has_app_context() and current_app._get_current_object() is self._app  # type: ignore[attr-defined]  # a proxy


def one_of(known: Container[str], value: str) -> str:
    """Return the value if the list has it, else `other`."""
    return str(value) if value in known else OTHER


def status_class(status: int) -> str:
    """Return the class of a status, such as `2xx`."""
    return one_of(CLASSES, f"{status // 100}xx")
