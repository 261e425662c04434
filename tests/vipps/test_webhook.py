"""The webhook: accepted requests, limits, responses, and secrets that never appear."""

import hmac
import io
import secrets
from typing import Any

import pytest
import urllib3
from flask import Flask
from flask.testing import FlaskClient

from app.database import utcnow
from app.settings import load
from app.vipps import webhook
from app.vipps.revocation_event import MAX_BODY_BYTES
from tests.conftest import WEBHOOK_TOKEN, served
from tests.vipps.events import event
from tests.vipps.webhook_steps import ADDRESS, PATH, PLAIN, deliveries, send

OWN_TOKEN = secrets.token_urlsafe(32)
AT_VIPPS = {
    "VIPPS_ENVIRONMENT": "test", "VIPPS_CLIENT_ID": "an-id", "VIPPS_CLIENT_SECRET": "a-secret",
    "PUBLIC_URL": "https://shop.example.com",
}  # fmt: skip


class Stream(io.RawIOBase):
    """An endless body that counts the bytes read from it."""

    count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        buffer[:] = b"a" * len(buffer)
        self.count += len(buffer)
        return len(buffer)


def send_stream(sender: FlaskClient, path: str = PATH, kind: str = PLAIN, length: int | None = 100) -> tuple[int, int]:
    """Deliver an endless body, with a length or in chunks; return the status and the number of bytes read."""
    stream = Stream()
    environ: dict[str, Any] = {"wsgi.input": stream, "CONTENT_LENGTH": "" if length is None else str(length)}
    environ["wsgi.input_terminated"] = length is None
    answer = sender.post(path, environ_overrides=environ, content_type=kind)
    return answer.status_code, stream.count


def test_an_event_about_an_unknown_subject_is_answered_200_and_stored(app: Flask, sender: FlaskClient) -> None:
    answer = send(sender)
    assert (answer.status_code, answer.text) == (200, "OK")
    (row,) = deliveries(app)
    assert (row.outcome, row.times, row.customer_id, row.subject_hash) == ("unknown_subject", 1, None, None)
    assert row.event_at is not None
    assert row.event_at <= row.received_at <= row.latest_at


def test_every_response_has_the_documented_status(app: Flask, sender: FlaskClient) -> None:
    answers = [
        send(sender),
        send(sender, b"nonsense <b>here</b>"),
        send(sender, path=ADDRESS + "wrong"),
        send(sender, content_type="application/json"),
        send(sender, b"x" * (MAX_BODY_BYTES + 1)),
    ]
    assert [answer.status_code for answer in answers] == [200, 400, 404, 415, 413]
    for answer in answers:
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.content_type == "text/plain; charset=utf-8"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "Set-Cookie" not in answer.headers
        assert "Cookie" not in answer.headers.get("Vary", "")
        assert len(answer.text) < 30
        assert "nonsense" not in answer.text
        assert "Retry-After" not in answer.headers, "no Retry-After"


WRONG_TOKENS = ["wrong", WEBHOOK_TOKEN[:-1], WEBHOOK_TOKEN + "x", "%E5%FF", "%00", "🙂"]
OTHER_TYPES = [
    "",
    "application/json",
    "application/jwt",
    "text/html",
    "text/plainer",
    "application/x-www-form-urlencoded",
]


def test_a_refused_body_is_not_read(app: Flask, sender: FlaskClient) -> None:
    for token in WRONG_TOKENS:
        assert send_stream(sender, ADDRESS + token) == (404, 0), token
    for kind in OTHER_TYPES:
        assert send_stream(sender, kind=kind) == (415, 0), kind
    for size in (MAX_BODY_BYTES + 1, 6 * 1024**2, 100 * 1024**2):
        assert send_stream(sender, length=size) == (413, 0), size
    status, read = send_stream(sender, length=None)
    assert status == 413
    assert 0 < read <= MAX_BODY_BYTES, "a body in chunks is read no further than the limit"
    assert deliveries(app) == []


def test_all_tokens_are_compared_whichever_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[bytes] = []
    compare = hmac.compare_digest

    def watched(one: bytes, other: bytes) -> bool:
        compared.append(other)
        return compare(one, other)

    monkeypatch.setattr(hmac, "compare_digest", watched)
    for token, is_ours in (("new", True), ("old", True), ("none", False)):
        assert webhook.is_valid_token(token, "new", "", "old") == is_ours
    assert compared == [b"new", b"old"] * 3
    assert not webhook.is_valid_token("", ""), "none is configured"
    assert webhook.is_valid_token("é", "é")


def test_while_the_token_is_changed_the_old_address_is_answered_like_the_new(
    make_app: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    others = {"VIPPS_WEBHOOK_TOKEN_FALLBACKS": f"{'o' * 40} {'p' * 40}"}
    shop = make_app(SECRET_KEY="x" * 40, VIPPS_WEBHOOK_TOKEN=OWN_TOKEN, **AT_VIPPS, **others)
    answers = [send(shop.test_client(), path=ADDRESS + token) for token in (OWN_TOKEN, "o" * 40, "p" * 40, "q" * 40)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 404]
    assert {(answer.text, answer.mimetype) for answer in answers[:3]} == {("OK", "text/plain")}
    told = capsys.readouterr().err
    assert told.count('"webhook_delivery"') == 3
    assert not [token for token in (OWN_TOKEN, "oooo", "pppp", "qqqq") if token in told]


def test_a_shop_at_vipps_without_a_token_has_no_webhook(make_app: Any) -> None:
    shop = make_app(SECRET_KEY="x" * 40, **AT_VIPPS)
    for token in ("", "None", WEBHOOK_TOKEN, "%20"):
        assert send(shop.test_client(), path=ADDRESS + token).status_code == 404, token
    assert deliveries(shop) == []


def test_only_post_is_allowed(app: Flask, sender: FlaskClient) -> None:
    for method in ("GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"):
        answer = sender.open(PATH, method=method, data=event(utcnow()), content_type=PLAIN)
        assert (answer.status_code, answer.headers["Allow"]) == (405, "POST"), method
    assert deliveries(app) == []


def test_plain_text_is_read_whatever_its_parameters(sender: FlaskClient) -> None:
    for kind in ("text/plain; charset=utf-8", "TEXT/PLAIN;charset=us-ascii", "text/plain;x=y"):
        assert send(sender, content_type=kind).status_code == 200, kind


def test_an_event_that_comes_in_chunks_is_read(app: Flask) -> None:
    headers = {"Content-Type": PLAIN, "Host": "localhost:8000"}
    body = event(utcnow())
    with served(app) as origin, urllib3.PoolManager(retries=False) as pool:
        statuses = [
            pool.request("POST", origin + PATH, body=iter(parts), headers=headers, chunked=True).status
            for parts in ([body[:50], body[50:]], [b"a" * 1024] * 9)
        ]
    assert statuses == [200, 413]
    assert [row.outcome for row in deliveries(app)] == ["unknown_subject"]


def test_a_web_page_cannot_forge_an_event(app: Flask, sender: FlaskClient) -> None:
    """A form or a script of another site can post plain text without asking first (Fetch: safelisted request)."""
    for name in ("Origin", "Sec-Fetch-Site"):
        assert send(sender, headers={name: "null"}).status_code == 403, name
    assert deliveries(app) == []


def test_each_installation_has_its_own_webhook_token() -> None:
    tokens = [load({"SECRET_KEY": key * 40}).webhook_token for key in "aab"]
    assert tokens[0] == tokens[1] != tokens[2]
    assert len(tokens[0]) == 64
