"""The calls to Vipps: their contents, number and connections, and the refusals after bad answers."""

import base64
import gzip
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from app.vipps.client import VippsClient
from app.vipps.config import DISCOVERY_PATH
from app.vipps.deadline_http import Deadline
from app.vipps.errors import LoginRefused
from app.vipps.purposes import CONFIRMATIONS, LoginPurpose
from app.vipps.transport import MAX_BYTES
from tests.provider import CLIENT_ID, KEYS_PATH, SUBJECT, TOKEN_PATH, USERINFO_PATH, Handler, Provider, running
from tests.vipps.conftest import an_attempt

LogIn = Callable[..., dict[str, Any]]


def refused(run: Callable[[], object]) -> str:
    """Return the name of a call's refusal."""
    with pytest.raises(LoginRefused) as caught:
        run()
    return caught.value.code


def test_a_login_makes_two_calls_over_one_kept_connection_and_none_at_its_start(
    provider: Provider, client_of: VippsClient, log_in: LogIn
) -> None:
    assert provider.seen == [], "building a client must make no call"
    for _ in range(3):
        client_of.authorization_url(an_attempt())
        assert log_in()["sub"] == SUBJECT
    assert provider.calls(DISCOVERY_PATH) == provider.calls(KEYS_PATH) == 1
    assert provider.calls(TOKEN_PATH) == provider.calls(USERINFO_PATH) == 3
    assert (len(provider.seen), provider.connections) == (8, 1)


def test_the_authorization_request_names_s256_and_carries_state_and_nonce(client_of: VippsClient) -> None:
    url = client_of.authorization_url(an_attempt())
    query = dict(parse_qsl(urlsplit(url).query))
    assert len(query.pop("code_challenge")) == 43
    assert query.pop("scope").startswith("openid name")
    assert "scope=openid%20name" in url
    assert query == {
        "response_type": "code", "client_id": CLIENT_ID, "redirect_uri": "https://shop.example/login/vipps/callback",
        "state": "the-state", "nonce": "the-nonce", "code_challenge_method": "S256", "market": "NO",
    }  # fmt: skip


@pytest.mark.parametrize("purpose", list(LoginPurpose))
def test_only_a_reauthentication_requests_the_app(client_of: VippsClient, purpose: LoginPurpose) -> None:
    query = parse_qs(urlsplit(client_of.authorization_url(an_attempt(purpose=purpose))).query)
    asked = query.get("acr_values", [])
    assert asked == (["urn:vipps:acr:app_auth"] if purpose in CONFIRMATIONS else [])


def test_basic_authentication_sends_plain_base64_and_keeps_the_secret_out_of_the_body(
    provider: Provider, log_in: LogIn
) -> None:
    log_in()
    _, _, headers, form = next(call for call in provider.seen if call[1] == TOKEN_PATH)
    assert headers["Authorization"] == "Basic " + base64.b64encode(f"{CLIENT_ID}:s+cr/t==".encode()).decode()
    assert "client_secret" not in form
    assert form["code"] == ["the-code"]
    assert form["grant_type"] == ["authorization_code"]
    assert form["code_verifier"] == ["a-verifier-of-at-least-forty-three-characters-x"]
    assert form["redirect_uri"] == ["https://shop.example/login/vipps/callback"]


def test_post_authentication_sends_id_and_secret_in_the_body(provider: Provider, log_in: LogIn) -> None:
    log_in(VippsClient(provider.config(client_auth_method="client_secret_post")))
    _, _, headers, form = next(call for call in provider.seen if call[1] == TOKEN_PATH)
    assert "Authorization" not in headers
    assert form["client_id"] == [CLIENT_ID]
    assert form["client_secret"] == ["s+cr/t=="]


def test_every_call_carries_the_tracking_headers_and_userinfo_a_bare_bearer_token(
    provider: Provider, log_in: LogIn
) -> None:
    log_in()
    for _, _, headers, _ in provider.seen:
        assert headers["Merchant-Serial-Number"] == "123456"
        assert all(len(headers[f"Vipps-System-{part}"]) <= 30 for part in ("Name", "Version", "Plugin-Name"))
    headers = provider.seen[-1][2]
    assert headers["Authorization"] == "Bearer opaque.access-token"
    assert "Ocp-Apim-Subscription-Key" not in headers


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (401, {"error": "invalid_client"}, "invalid_client"), (401, {}, "invalid_client"),
        (400, {"error": "invalid_grant"}, "invalid_grant"), (400, {"error": "invalid_request"}, "token_refused"),
        (403, {"error": "unauthorized_client"}, "token_refused"), (200, {"error": "invalid_grant"}, "invalid_grant"),
        (400, {"error": {"deep": 1}}, "token_refused"), (200, [], "token_garbled"), (200, None, "token_garbled"),
        (200, "text", "token_garbled"), (200, {"access_token": None, "token_type": "bearer"}, "token_garbled"),
        (200, {"access_token": "a\r\nb", "token_type": "bearer"}, "token_garbled"),
        (200, {"access_token": "a", "token_type": "mac"}, "token_garbled"), (200, {"id_token": "a"}, "token_garbled"),
        (200, {"access_token": "a", "token_type": None}, "token_garbled"),
        (500, {"error": "server_error"}, "vipps_failing"), (502, {}, "vipps_failing"), (503, {}, "vipps_overloaded"),
        (429, {}, "vipps_overloaded"), (302, {}, "redirect_refused"), (307, {}, "redirect_refused"),
    ],
)  # fmt: skip
def test_a_bad_token_answer_has_a_name_and_is_never_retried(
    provider: Provider, log_in: LogIn, status: int, body: object, code: str
) -> None:
    provider.bent[TOKEN_PATH] = lambda to: to.send_json(body, status, Location=provider.origin + "/elsewhere")
    assert refused(log_in) == code
    assert provider.calls(TOKEN_PATH) == 1
    assert provider.calls("/elsewhere") == provider.calls(USERINFO_PATH) == 0


def test_a_token_answer_that_is_not_json_is_refused(provider: Provider, log_in: LogIn) -> None:
    for body in (b"", b"<html>", b'{"access_token": "a"', b"\xff\xfe", b"[" * 100_000, b"access_token=a"):
        provider.bent[TOKEN_PATH] = lambda to, body=body: to.send(body)
        assert refused(log_in) == "token_garbled", body[:40]


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (401, b"{}", "userinfo_refused"), (403, b"{}", "userinfo_refused"), (404, b"", "userinfo_refused"),
        (500, b"", "vipps_failing"), (503, b"", "vipps_overloaded"), (302, b"", "redirect_refused"),
        (307, b"", "redirect_refused"),
        (200, b"", "userinfo_garbled"), (200, b"[]", "userinfo_garbled"), (200, b"null", "userinfo_garbled"),
        (200, b"<html>", "userinfo_garbled"), (200, b"eyJh.eyJz.c2ln", "userinfo_garbled"),
        (200, b"{}", "userinfo_subject"), (200, f'{{"sub": "{SUBJECT.upper()}"}}'.encode(), "userinfo_subject"),
        (200, b'{"sub": null}', "userinfo_subject"), (200, f'{{"sub": "{SUBJECT} "}}'.encode(), "userinfo_subject"),
        (200, f'{{"sub": ["{SUBJECT}"]}}'.encode(), "userinfo_subject"),
    ],
)  # fmt: skip
def test_bad_userinfo_logs_no_user_in(provider: Provider, log_in: LogIn, status: int, body: bytes, code: str) -> None:
    provider.bent[USERINFO_PATH] = lambda to: to.send(body, status, Location=provider.origin + "/elsewhere")
    assert refused(log_in) == code
    assert provider.calls("/elsewhere") == 0


def test_claims_at_another_address_are_not_fetched(provider: Provider, log_in: LogIn) -> None:
    """OpenID Connect Core, section 5.6.2: distributed claims."""
    sources = {"elsewhere": {"endpoint": f"{provider.origin}/claims", "access_token": "x"}}
    provider.userinfo = {"_claim_names": {"address": "elsewhere"}, "_claim_sources": sources}
    assert log_in()["sub"] == SUBJECT
    assert provider.calls("/claims") == 0


def test_a_body_over_the_limit_is_not_read_to_its_end_and_unpacked_bytes_count(
    provider: Provider, log_in: LogIn
) -> None:
    provider.bent[USERINFO_PATH] = lambda to: to.send(b" " * (MAX_BYTES + 1))
    assert refused(log_in) == "answer_too_large"
    bomb = gzip.compress(b" " * (20 * MAX_BYTES))
    assert len(bomb) < MAX_BYTES
    provider.bent[USERINFO_PATH] = lambda to: to.send(bomb, Content_Encoding="gzip")
    assert refused(log_in) == "answer_too_large"


@pytest.mark.parametrize("path", [TOKEN_PATH, USERINFO_PATH, KEYS_PATH, DISCOVERY_PATH])
def test_a_connection_that_is_cut_is_refused_and_the_next_login_works(
    provider: Provider, log_in: LogIn, path: str
) -> None:
    provider.bent[path] = Handler.cut
    assert refused(log_in) == "vipps_unreachable"
    provider.bent.clear()
    assert log_in()["sub"] == SUBJECT


def test_a_browser_is_not_sent_to_a_stopped_simulator() -> None:
    with running() as provider:
        client = VippsClient(provider.config(check_first=True))
        assert client.authorization_url(an_attempt()).startswith(provider.origin)
    assert refused(lambda: client.authorization_url(an_attempt())) == "vipps_unreachable"


def drip(handler: Handler) -> None:
    """Send one byte at a time, each within any per-read timeout, until the client closes the connection."""
    handler.close_connection = True
    try:
        for byte in b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + b"X-Slow: 1\r\n" * 100:
            handler.wfile.write(bytes([byte]))
            if handler.provider.patience.wait(0.02):
                return
    except OSError:
        return


def test_the_deadline_counts_from_the_start_and_not_from_the_last_byte(
    provider: Provider, client_of: VippsClient
) -> None:
    provider.patience = threading.Event()
    provider.bent[DISCOVERY_PATH] = drip
    deadline = Deadline(0.3)
    assert refused(lambda: client_of.check_issuer([], deadline)) == "vipps_timeout"
    assert deadline.left() == 0
    provider.patience.set()


def test_no_call_begins_when_the_time_is_up(provider: Provider, client_of: VippsClient) -> None:
    assert refused(lambda: client_of.check_issuer([], Deadline(0))) == "vipps_timeout"
    assert provider.seen == []


def test_no_more_logins_wait_for_vipps_than_allowed(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.vipps.client.SLOT_SECONDS", 0.01)
    client = VippsClient(provider.config(concurrent_logins=1))
    with client.slot():
        assert refused(lambda: client.slot().__enter__()) == "too_many_logins"
    with client.slot():
        pass  # the slot is free again


@pytest.mark.parametrize(
    ("promised", "sent", "right"),
    [
        (False, [], True), (False, ["ours"], True), (False, ["https://evil.example/"], False),
        (True, ["ours"], True), (True, [], False), (True, ["ours", "ours"], False),
    ],
)  # fmt: skip
def test_the_response_s_issuer_is_checked_when_sent_or_promised(
    provider: Provider, client_of: VippsClient, promised: bool, sent: list[str], right: bool
) -> None:
    provider.discovery = {"authorization_response_iss_parameter_supported": promised}
    issuers = [client_of.config.issuer if value == "ours" else value for value in sent]
    if right:
        client_of.check_issuer(issuers, Deadline(5))
    else:
        assert refused(lambda: client_of.check_issuer(issuers, Deadline(5))) == "issuer_mismatch"


def test_tokens_do_not_print_themselves(provider: Provider, client_of: VippsClient) -> None:
    tokens = client_of.exchange("the-code", an_attempt(), Deadline(5))
    assert "opaque" not in repr(tokens)
