"""Serve `/metrics` for Prometheus: logins by outcome, duration of calls to Vipps, consents, webhook events, sessions.

Without `METRICS_TOKEN` it is off: nothing is imported and nothing measured. A value of a label that is not in its fixed
list becomes `other`: with invented values an attacker could fill the memory of this process and of Prometheus
(Prometheus: metric and label naming). No metric contains personal data. Several workers share their counts as files in
`PROMETHEUS_MULTIPROC_DIR`, which `gunicorn.conf.py` sets, so that any of them can answer for all.
"""

import hmac
from collections.abc import Container, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from blinker import NamedSignal
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
    from prometheus_client import CollectorRegistry, Counter

bp = Blueprint("metrics", __name__)

OTHER = "other"
METHODS = frozenset(LoginMethod)
PASSWORD_OUTCOMES = frozenset({"logged_in", "refused", "too_many", "blocked"})
LOGIN_OUTCOMES = frozenset({*REFUSALS, *Verdict}) | PASSWORD_OUTCOMES
EVENT_OUTCOMES = frozenset({*Outcome, "unreadable", "too_many", "database_error"})
MAIL_OUTCOMES = frozenset(mail_sender.MailOutcome)
ANSWERS = frozenset({"yes", "no"})
END_REASONS = frozenset(EndReason)
ENDPOINTS = {"openid-configuration": "discovery", "jwks.json": "keys", "token": "token", "userinfo": "userinfo"}
CALL_FAILURES = frozenset({"vipps_timeout", "vipps_unreachable", "answer_too_large", "redirect_refused"})
CLASSES = frozenset({"2xx", "3xx", "4xx", "5xx"})
# A login's calls end after 5 seconds.
SECONDS = (0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0)


def init_app(app: Flask, settings: Settings) -> None:
    """Start counting and serve `/metrics` if the settings have a token."""
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


# A counter of `/metrics`: its signal, its name, what it counts, and the values that each of its labels may have.
COUNTED: tuple[tuple[NamedSignal, str, str, Mapping[str, Container[str]]], ...] = (
    (signals.login_ended, "shop_logins", "Logins by how they ended.", {"method": METHODS, "outcome": LOGIN_OUTCOMES}),
    (signals.session_began, "shop_sessions_begun", "Sessions by how they began.", {"method": METHODS}),
    # Expired sessions are not counted, because no code runs when they expire.
    (signals.sessions_ended, "shop_sessions_ended", "Sessions by why they ended.", {"reason": END_REASONS}),
    (signals.consent_recorded, "shop_consents", "Answers recorded.", {"channel": CHANNELS, "answer": ANSWERS}),
    (signals.event_received, "shop_webhook_events", "Events of the webhook.", {"outcome": EVENT_OUTCOMES}),
    (signals.mail_tried, "shop_mails", "Attempts to send an email by outcome.", {"outcome": MAIL_OUTCOMES}),
)


class Metrics:
    """The counters of one app, which receive the signals for as long as the app exists."""

    def __init__(self, app: Flask) -> None:
        from prometheus_client import CollectorRegistry, Counter, Histogram

        self.registry = here = CollectorRegistry()
        self._app = app
        self._receivers = []
        for signal, name, says, labels in COUNTED:
            receiver = partial(self._count, Counter(name, says, list(labels), registry=here), labels)
            self._receivers.append(receiver)  # the signals have weak references only
            signal.connect(receiver)
        self._requests = Counter("shop_requests", "Requests by route.", ["route", "status"], registry=here)
        self._calls = Histogram(
            "vipps_call_seconds", "Calls to Vipps.", ["endpoint", "outcome"], registry=here, buckets=SECONDS
        )
        call_made.connect(self.call)
        app.after_request(self.request)

    def _count(
        self, counter: "Counter", labels: Mapping[str, Container[str]], sender: Any, number: int = 1, **facts: str
    ) -> None:
        if self._is_mine():
            counter.labels(*(one_of(known, facts[label]) for label, known in labels.items())).inc(number)

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
