"""A recorded request as a curl command: complete, quoted, and without secrets."""

import shlex

import pytest
from flask import Flask

from app.guide.inspector.curl import as_curl
from tests.conftest import open_page
from tests.vipps_person import VippsPerson

MASKED = "abcd… (43 characters)"
TOKEN_CALL = {
    "method": "POST",
    "url": "http://localhost:8001/token",
    "query": [],
    "form": [("grant_type", "authorization_code"), ("code", MASKED), ("code_verifier", MASKED)],
    "headers": [("Authorization", f"Basic {MASKED}"), ("Accept", "application/json"), ("Content-Length", "9")],
}
CALLBACK = {
    "method": "GET",
    "path": "/login/vipps/callback",
    "query": [("state", MASKED), ("error", "it's; rm -rf $HOME `x`")],
    "headers": [("Sec-Fetch-Mode", "navigate")],
    "location": "http://localhost:8001/auth",
    "location_query": [("scope", "openid name"), ("nonce", MASKED)],
}


HOME = "http://localhost:8000/login/vipps/callback"
MODE = "Sec-Fetch-Mode: navigate"


@pytest.mark.parametrize(
    ("record", "redirected", "expected"),
    [
        (
            TOKEN_CALL, False,
            ["http://localhost:8001/token", "--user", "$CLIENT_ID:$CLIENT_SECRET",
             "--header", "Accept: application/json",
             "--data-urlencode", "grant_type=authorization_code", "--data-urlencode", "code=$CODE",
             "--data-urlencode", "code_verifier=$CODE_VERIFIER"],
        ),
        (
            CALLBACK, False,
            [HOME, "--cookie", "$COOKIES", "--header", MODE, "--get",
             "--data-urlencode", "state=$STATE", "--data-urlencode", "error=it's; rm -rf $HOME `x`"],
        ),
        (
            CALLBACK, True,
            ["http://localhost:8001/auth", "--get", "--data-urlencode", "scope=openid name",
             "--data-urlencode", "nonce=$NONCE"],
        ),
        (
            {**CALLBACK, "query": [("a=b", "c"), ("error", "\x1b[201~\nreboot\n"), ("e\x9b", "")]}, False,
            [HOME, "--cookie", "$COOKIES", "--header", MODE, "--get", "--data", "a%3Db=c",
             "--data", "error=%1B%5B201~%0Areboot%0A", "--data", "e%C2%9B="],
        ),
        (
            {**CALLBACK, "method": "DELETE", "query": []}, False,
            [HOME, "--request", "DELETE", "--cookie", "$COOKIES", "--header", MODE],
        ),
    ],
    ids=["call", "callback", "redirect", "control characters", "another method"],
)  # fmt: skip
def test_a_request_as_curl(demo_app: Flask, record: dict[str, object], redirected: bool, expected: list[str]) -> None:
    with demo_app.app_context():
        command = as_curl(record, redirected)
    assert shlex.split(command.replace("\\\n", "")) == ["curl", *expected]


def test_every_request_of_a_login_has_its_command(vipps: VippsPerson) -> None:
    vipps.log_in("kari")
    page = open_page(vipps.browser, "/guide/inspector/latest")
    commands = [each.get_text() for each in page.select(".step pre code") if each.get_text().startswith("curl ")]
    paths = [each.split()[1].partition("//")[2].partition("/")[2] for each in commands]
    assert paths[:2] == ["login/vipps", "access-management-1.0/access/oauth2/auth"]
    assert {"login/vipps/callback", "access-management-1.0/access/oauth2/token"} <= set(paths)
    assert paths[-1].endswith("userinfo")
    assert all("…" not in each for each in commands)
