"""Error scenarios by name, to see how a merchant site handles a login that fails.

An authorization request may carry `simulate=<name>`: the login that it starts then fails in that way; other logins are
not affected. The parameter is this simulator's own. The real provider ignores unknown parameters, as OpenID Connect
Core section 3.1.2.1 requires, and this simulator ignores unknown names.

A scenario is a set of `faults`, or a refusal before a login exists: the provider's own error page.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .faults import REDIRECT_ERRORS

PARAMETER = "simulate"
HTML = {"content_type": "text/html", "body": "<!doctype html><title>Bad gateway</title><h1>Bad gateway</h1>"}


@dataclass(frozen=True)
class Scenario:
    """How a login fails: `faults` during the login, or `refusal`, the reason on the provider's own error page."""

    faults: Mapping[str, Any] = field(default_factory=dict)
    refusal: str = ""


def _oauth_error(error: str, status: int = 400) -> dict[str, Any]:
    return {"token": {"status": status, "body": {"error": error}}}


SCENARIOS: dict[str, Scenario] = {
    **{error: Scenario({"error": error}) for error in REDIRECT_ERRORS},
    "undocumented_error": Scenario({"error": "brand_new_error"}),
    "redirect_uri_unregistered": Scenario(refusal="redirect_uri_unregistered"),
    "client_unknown": Scenario(refusal="client_unknown"),
    "state_wrong": Scenario({"callback": "wrong_state"}),
    "state_missing": Scenario({"callback": "no_state"}),
    "code_missing": Scenario({"callback": "no_code"}),
    "code_twice": Scenario({"callback": "two_codes"}),
    "issuer_wrong": Scenario({"callback": "wrong_issuer"}),
    "client_secret_wrong": Scenario(_oauth_error("invalid_client", 401)),
    "client_method_wrong": Scenario(_oauth_error("invalid_client", 401)),
    "code_expired": Scenario(_oauth_error("invalid_grant")),
    "code_reused": Scenario(_oauth_error("invalid_grant")),
    "verifier_wrong": Scenario(_oauth_error("invalid_grant")),
    "grant_refused": Scenario(_oauth_error("unauthorized_client")),
    "token_slow": Scenario({"token": {"delay": 8}}),
    "token_cut": Scenario({"token": {"status": 200, "cut": True}}),
    "token_down": Scenario({"token": {"drop": True}}),
    "token_500": Scenario({"token": {"status": 500}}),
    "token_502": Scenario({"token": {"status": 502, **HTML}}),
    "token_503": Scenario({"token": {"status": 503, "body": {"error": "temporarily_unavailable"}}}),
    "token_html": Scenario({"token": {"status": 200, **HTML}}),
    "token_redirect": Scenario({"token": {"status": 307, "location": "https://evil.example/token", "body": ""}}),
    "token_endless": Scenario({"token": {"status": 200, "filler": 4 * 1024 * 1024}}),
    "id_token_missing": Scenario(
        {"token": {"status": 200, "body": {"access_token": "x" * 40, "token_type": "bearer"}}}
    ),
    "signature_wrong": Scenario({"signature": "wrong"}),
    "algorithm_none": Scenario({"signature": "none"}),
    "algorithm_hmac": Scenario({"signature": "hmac"}),
    "key_unknown": Scenario({"signature": "unknown_key"}),
    "key_rotated": Scenario({"signature": "new_key"}),
    "issuer_of_token_wrong": Scenario({"id_token": {"iss": "https://evil.example/access"}}),
    "audience_wrong": Scenario({"id_token": {"aud": ["another-merchant"]}}),
    "nonce_wrong": Scenario({"id_token": {"nonce": "the-nonce-of-another-login"}}),
    "nonce_missing": Scenario({"id_token": {"nonce": None}}),
    "id_token_expired": Scenario({"id_token": {"exp": 1_600_000_000}}),
    "id_token_old": Scenario({"id_token": {"iat": 1_600_000_000}}),
    "subject_missing": Scenario({"id_token": {"sub": None}}),
    "at_hash_wrong": Scenario({"id_token": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}}),
    "userinfo_401": Scenario({"userinfo": {"status": 401, "body": {"title": "Unauthorized", "status": "401"}}}),
    "userinfo_slow": Scenario({"userinfo": {"delay": 8}}),
    "userinfo_500": Scenario({"userinfo": {"status": 500}}),
    "userinfo_html": Scenario({"userinfo": {"status": 200, **HTML}}),
    "userinfo_cut": Scenario({"userinfo": {"status": 200, "cut": True}}),
    "userinfo_other_person": Scenario({"claims": {"sub": "00000000-0000-4000-8000-000000000000"}}),
    "claims_missing": Scenario(
        {"claims": {"name": None, "given_name": None, "family_name": None, "phone_number": None}}
    ),
    "consents_missing": Scenario({"claims": {"delegatedConsents": None, "flowResult": None}}),
    "claims_odd": Scenario(
        {"claims": {"name": ["a", "list"], "email": 7, "address": "a street", "phone_number": None}}
    ),
    "scope_dropped": Scenario({"without_scopes": ["name", "phoneNumber", "address", "birthDate"]}),
}


def get(name: str) -> Scenario:
    """Return the scenario with this name; an unknown name has no effect."""
    return SCENARIOS.get(name, Scenario())
