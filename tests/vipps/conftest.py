"""A provider that can misbehave, and a login at it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.vipps.attempts import Attempt
from app.vipps.client import VippsClient
from app.vipps.purposes import LoginPurpose
from tests.provider import Provider, running


class Clock:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds

    monotonic = __call__


@pytest.fixture
def provider() -> Iterator[Provider]:
    """Return a provider that answers correctly until the test makes it misbehave."""
    with running() as provider:
        yield provider


@pytest.fixture
def sender(app: Flask) -> FlaskClient:
    """Return a client that sends webhook events like Vipps: without cookies and Fetch Metadata."""
    client = app.test_client(use_cookies=False)
    client.environ_base["HTTP_USER_AGENT"] = "Vipps"
    return client


@pytest.fixture
def client_of(provider: Provider) -> VippsClient:
    return VippsClient(provider.config())


def an_attempt(nonce: str = "the-nonce", purpose: LoginPurpose = LoginPurpose.LOG_IN) -> Attempt:
    return Attempt(1, nonce, "a-verifier-of-at-least-forty-three-characters-x", purpose, "/", state="the-state")


@pytest.fixture
def log_in(provider: Provider, client_of: VippsClient) -> Callable[..., dict[str, Any]]:
    """Run the calls of a callback against the provider; return the userinfo claims."""

    def run(
        client: VippsClient = client_of, code: str = "the-code", purpose: LoginPurpose = LoginPurpose.LOG_IN
    ) -> dict[str, Any]:
        attempt = an_attempt(purpose=purpose)
        provider.nonce = attempt.nonce
        with client.slot() as deadline:
            client.check_issuer([], deadline)
            tokens = client.exchange(code, attempt, deadline)
            id_token = client.validate(tokens, attempt, deadline)
            return client.userinfo(tokens, id_token, deadline)

    return run
