"""Client authentication: only the method that the unit is configured for."""

import base64
from typing import Any
from urllib.parse import quote_plus

import pytest

from ..testing import BASIC_MERCHANT
from .conftest import Provider, basic


def refused(provider: Provider, headers: dict[str, str] | None = None, **fields: Any) -> dict[str, Any]:
    """Expect 401 invalid_client and return the answer."""
    response = provider.exchange(provider.log_in()["code"], headers=headers, **fields)
    assert response.status_code == 401
    assert response.json
    assert response.json["error"] == "invalid_client"
    assert ("WWW-Authenticate" in response.headers) == bool(headers)
    return dict(response.json)


def test_plain_base64_is_accepted(provider: Provider) -> None:
    assert provider.exchange(provider.log_in()["code"], basic(BASIC_MERCHANT.client_id, "secret+/=")).status_code == 200


def test_form_encoded_credentials_are_accepted_too(provider: Provider) -> None:
    """RFC 6749 section 2.3.1."""
    credentials = basic(quote_plus(BASIC_MERCHANT.client_id), quote_plus("secret+/="))
    assert provider.exchange(provider.log_in()["code"], credentials).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {}, basic(BASIC_MERCHANT.client_id, "wrong"), basic(BASIC_MERCHANT.client_id, "sécret"),
        basic("unknown", "secret+/="), {"Authorization": "Basic ???"},
        {"Authorization": "Basic " + base64.b64encode(b"\xff\xfe").decode()}, {"Authorization": "Bearer secret+/="},
    ],
)  # fmt: skip
def test_wrong_credentials_are_refused(provider: Provider, headers: dict[str, str]) -> None:
    refused(provider, headers)


def test_secret_in_the_body_is_refused_for_a_basic_unit(provider: Provider) -> None:
    answer = refused(provider, {}, client_id=BASIC_MERCHANT.client_id, client_secret=BASIC_MERCHANT.client_secret)
    assert "client_secret_basic" in answer["error_debug"]


def test_post_unit_sends_its_secret_in_the_body_and_nowhere_else(provider: Provider) -> None:
    provider.control(f"merchants/{BASIC_MERCHANT.client_id}", {"auth_method": "client_secret_post"}, "PATCH")
    in_body = {"client_id": BASIC_MERCHANT.client_id, "client_secret": BASIC_MERCHANT.client_secret}
    assert (
        "client_secret_post"
        in refused(provider, basic(BASIC_MERCHANT.client_id, BASIC_MERCHANT.client_secret))["error_debug"]
    )
    assert provider.exchange(provider.log_in()["code"], {}, **in_body).status_code == 200
    refused(provider, {}, **{**in_body, "client_secret": "wrong"})


def test_two_methods_at_once_are_refused(provider: Provider) -> None:
    """RFC 6749 section 2.3."""
    response = provider.exchange(provider.log_in()["code"], client_secret=BASIC_MERCHANT.client_secret)
    assert (response.status_code, (response.json or {})["error"]) == (400, "invalid_request")


def test_refusal_names_no_secret(provider: Provider) -> None:
    assert BASIC_MERCHANT.client_secret not in str(refused(provider, basic(BASIC_MERCHANT.client_id, "wrong")))


def test_revocation_needs_the_client_too(provider: Provider) -> None:
    response = provider.client.post("/access-management-1.0/access/oauth2/revoke", data={"token": "x"})
    assert response.status_code == 401
