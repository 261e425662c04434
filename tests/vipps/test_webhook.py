"""The webhook's address: who is let in, what is read, what is answered, and what never appears anywhere."""

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
    "VIPPS_ENVIRONMENT": "test",
    "VIPPS_CLIENT_ID": "an-id",
    "VIPPS_CLIENT_SECRET": "a-secret",
    "PUBLIC_URL": "https://shop.example.com",
}


class Stream(io.RawIOBase):
    """A body without an end, which counts what is read of it."""

    count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        buffer[:] = b"a" * len(buffer)
        self.count += len(buffer)
        return len(buffer)


def send_stream(sender: FlaskClient, path: str = PATH, kind: str = PLAIN, length: int | None = 100) -> tuple[int, int]:
    """Deliver an endless body, announced with a length or in chunks; returns the status and how much was read."""
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


def test_what_every_answer_is(app: Flask, sender: FlaskClient) -> None:
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


@pytest.mark.parametrize("token", ["wrong", WEBHOOK_TOKEN[:-1], WEBHOOK_TOKEN + "x", "%E5%FF", "%00", "🙂"])
def test_a_wrong_token_is_a_path_that_leads_nowhere_and_nothing_is_read(
    app: Flask, sender: FlaskClient, token: str
) -> None:
    assert send_stream(sender, ADDRESS + token) == (404, 0)
    assert deliveries(app) == []


def test_all_tokens_are_compared_whichever_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[bytes] = []
    compare = hmac.compare_digest

    def watched(one: bytes, other: bytes) -> bool:
        compared.append(other)
        return compare(one, other)

    monkeypatch.setattr(hmac, "compare_digest", watched)
    for token, is_ours in (("new", True), ("old", True), ("none", False)):
        assert webhook.token_is_ours(token, "new", "", "old") == is_ours
    assert compared == [b"new", b"old"] * 3


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


@pytest.mark.parametrize("token", ["", "None", WEBHOOK_TOKEN, "%20"])
def test_without_a_token_of_its_own_a_shop_at_vipps_has_no_webhook(make_app: Any, token: str) -> None:
    shop = make_app(SECRET_KEY="x" * 40, **AT_VIPPS)
    assert send(shop.test_client(), path=ADDRESS + token).status_code == 404
    assert deliveries(shop) == []


def test_an_empty_token_matches_no_request() -> None:
    assert not webhook.token_is_ours("", "")
    assert webhook.token_is_ours("é", "é")


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_there_is_nothing_but_post(app: Flask, sender: FlaskClient, method: str) -> None:
    answer = sender.open(PATH, method=method, data=event(utcnow()), content_type=PLAIN)
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST"
    assert deliveries(app) == []


@pytest.mark.parametrize("kind", [PLAIN, "text/plain; charset=utf-8", "TEXT/PLAIN;charset=us-ascii", "text/plain;x=y"])
def test_plain_text_is_read_whatever_its_parameters(sender: FlaskClient, kind: str) -> None:
    assert send(sender, content_type=kind).status_code == 200


@pytest.mark.parametrize(
    "kind",
    ["", "application/json", "application/jwt", "text/html", "text/plainer", "application/x-www-form-urlencoded"],
)
def test_another_type_is_not_even_read(app: Flask, sender: FlaskClient, kind: str) -> None:
    assert send_stream(sender, kind=kind) == (415, 0)
    assert deliveries(app) == []


@pytest.mark.parametrize("size", [MAX_BODY_BYTES + 1, 6 * 1024**2, 100 * 1024**2])
def test_what_is_announced_too_large_is_not_read(app: Flask, sender: FlaskClient, size: int) -> None:
    assert send_stream(sender, length=size) == (413, 0)
    assert deliveries(app) == []


def test_what_turns_out_too_large_is_read_no_further(app: Flask, sender: FlaskClient) -> None:
    status, read = send_stream(sender, length=None)
    assert status == 413
    assert 0 < read <= MAX_BODY_BYTES


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


@pytest.mark.parametrize("name", ["Origin", "Sec-Fetch-Site"])
def test_a_web_page_cannot_forge_an_event(app: Flask, sender: FlaskClient, name: str) -> None:
    """A form or a script of another site can post plain text without asking first (Fetch: safelisted request)."""
    assert send(sender, headers={name: "null"}).status_code == 403
    assert deliveries(app) == []


def test_each_installation_has_a_webhook_token_of_its_own() -> None:
    tokens = [load({"SECRET_KEY": key * 40}).webhook_token for key in "aab"]
    assert tokens[0] == tokens[1] != tokens[2]
    assert len(tokens[0]) == 64


def test_a_form_token_is_not_asked_for_and_a_cookie_not_looked_at(app: Flask) -> None:
    browser = app.test_client()
    browser.set_cookie("session", "x" * 43)
    browser.set_cookie("form", "not a signed cookie")
    answer = send(browser)
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    assert "Access-Control-Allow-Origin" not in answer.headers
