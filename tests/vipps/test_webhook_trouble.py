"""The webhook with malformed events, a failing database or a flood, and secrets that never appear in a log."""

import time
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from app.customers import rate_limits
from app.database import db, utcnow
from app.vipps import webhook
from tests.conftest import WEBHOOK_TOKEN, allowed_by, browser_of
from tests.vipps.events import SAMPLE_SUBJECT, event
from tests.vipps.webhook_steps import ADDRESS, PATH, PLAIN, deliveries, send


def test_a_malformed_body_has_a_line_in_the_log_and_no_echo(
    app: Flask, sender: FlaskClient, capsys: pytest.CaptureFixture[str]
) -> None:
    body = event(utcnow(), event="SOMETHING_ELSE")
    assert send(sender, body).status_code == 400
    logged = capsys.readouterr().err
    assert '"outcome": "other_event"' in logged
    for secret in (WEBHOOK_TOKEN, "SOMETHING_ELSE", SAMPLE_SUBJECT, body.decode()[40:60]):
        assert secret not in logged


def test_the_secret_is_in_no_log(
    app: Flask, sender: FlaskClient, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    for method in ("POST", "GET"):
        for kind in (PLAIN, "application/json"):
            for body in (event(utcnow()), b"x", b"x" * 9000):
                sender.open(PATH, method=method, data=body, content_type=kind)
                seen = "".join(capfd.readouterr()) + caplog.text
                assert '"event": "request"' in seen
                assert WEBHOOK_TOKEN not in seen
                assert SAMPLE_SUBJECT not in seen
                assert "consent-revoked/<token>" in seen or method == "GET"


def test_the_secret_is_in_no_log_after_an_unexpected_error(
    app: Flask, sender: FlaskClient, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any) -> None:
        raise RuntimeError("unexpected")

    monkeypatch.setattr("app.customers.linking.revocation.process", fail)
    answer = send(sender)
    assert answer.status_code == 500
    seen = "".join(capfd.readouterr())
    assert "unexpected" in seen
    assert WEBHOOK_TOKEN not in seen + answer.text
    assert SAMPLE_SUBJECT not in seen + answer.text


def test_a_failing_database_asks_the_sender_to_retry(
    app: Flask, sender: FlaskClient, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    body = event(utcnow())
    with monkeypatch.context() as broken:

        def fail() -> None:
            raise OperationalError("COMMIT", {}, Exception("disk full"))

        broken.setattr(db.session, "commit", fail)
        answer = send(sender, body)
    assert (answer.status_code, answer.text) == (503, "Service Unavailable")
    assert 0 < int(answer.headers["Retry-After"]) <= webhook.RETRY_SECONDS + 1
    assert "database_error" in capsys.readouterr().err
    assert deliveries(app) == []
    assert send(sender, body).status_code == 200
    assert [row.times for row in deliveries(app)] == [1]


def test_a_flood_is_answered_200_or_429_and_the_shop_goes_on(demo_app: Flask) -> None:
    sender, now, flooded = demo_app.test_client(use_cookies=False), utcnow(), time.monotonic()
    answers = [
        send(sender, event(now - timedelta(seconds=number % 200), sub=f"unknown {number}")) for number in range(1000)
    ]
    assert time.monotonic() - flooded < 60, "the flood must be answered quickly"
    began = time.monotonic()
    assert browser_of(demo_app).get("/").status_code == 200
    assert time.monotonic() - began < 1
    allowed = allowed_by(rate_limits.EVENTS)
    assert [answer.status_code for answer in answers] == [200] * allowed + [429] * (1000 - allowed)
    assert len(deliveries(demo_app)) == allowed
    refused = answers[-1]
    assert 0 < int(refused.headers["Retry-After"]) <= 61
    assert refused.content_type == "text/plain; charset=utf-8"
    assert refused.headers["Cache-Control"] == "no-store"


def test_wrong_addresses_do_not_use_up_the_limit(app: Flask, sender: FlaskClient) -> None:
    for _ in range(allowed_by(rate_limits.EVENTS) + 1):
        assert send(sender, b"x", path=ADDRESS + "wrong").status_code == 404
    assert send(sender).status_code == 200
