"""Mishaps by name: what can go wrong in one login, so that a person can see what a merchant site makes of it.

An authorization request may carry `simulate=<name>`: the login that it begins then goes wrong in that way, and no other
login does. The parameter is this simulator's own. The real provider ignores parameters that it does not know, as OpenID
Connect Core section 3.1.2.1 asks, and so does this simulator with a name that it does not know.

A mishap is a set of `faults`, or it happens before there is a login: the provider's own error page.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from simulator.faults import REDIRECT_ERRORS

PARAMETER = "simulate"
HTML = {"content_type": "text/html", "body": "<!doctype html><title>Bad gateway</title><h1>Bad gateway</h1>"}


@dataclass(frozen=True)
class Mishap:
    """What goes wrong in a login: `faults` while it runs, or `refusal`, the reason on the provider's own page."""

    faults: Mapping[str, Any] = field(default_factory=dict)
    refusal: str = ""


def _oauth_error(error: str, status: int = 400) -> dict[str, Any]:
    return {"token": {"status": status, "body": {"error": error}}}


MISHAPS: dict[str, Mishap] = {
    **{error: Mishap({"error": error}) for error in REDIRECT_ERRORS},
    "undocumented_error": Mishap({"error": "brand_new_error"}),
    "redirect_uri_unregistered": Mishap(refusal="redirect_uri_unregistered"),
    "client_unknown": Mishap(refusal="client_unknown"),
    "state_wrong": Mishap({"callback": "wrong_state"}),
    "state_missing": Mishap({"callback": "no_state"}),
    "code_missing": Mishap({"callback": "no_code"}),
    "code_twice": Mishap({"callback": "two_codes"}),
    "issuer_wrong": Mishap({"callback": "wrong_issuer"}),
    "client_secret_wrong": Mishap(_oauth_error("invalid_client", 401)),
    "client_method_wrong": Mishap(_oauth_error("invalid_client", 401)),
    "code_expired": Mishap(_oauth_error("invalid_grant")),
    "code_reused": Mishap(_oauth_error("invalid_grant")),
    "verifier_wrong": Mishap(_oauth_error("invalid_grant")),
    "grant_refused": Mishap(_oauth_error("unauthorized_client")),
    "token_slow": Mishap({"token": {"delay": 8}}),
    "token_cut": Mishap({"token": {"status": 200, "cut": True}}),
    "token_down": Mishap({"token": {"drop": True}}),
    "token_500": Mishap({"token": {"status": 500}}),
    "token_502": Mishap({"token": {"status": 502, **HTML}}),
    "token_503": Mishap({"token": {"status": 503, "body": {"error": "temporarily_unavailable"}}}),
    "token_html": Mishap({"token": {"status": 200, **HTML}}),
    "token_redirect": Mishap({"token": {"status": 307, "location": "https://evil.example/token", "body": ""}}),
    "token_endless": Mishap({"token": {"status": 200, "filler": 4 * 1024 * 1024}}),
    "id_token_missing": Mishap({"token": {"status": 200, "body": {"access_token": "x" * 40, "token_type": "bearer"}}}),
    "signature_wrong": Mishap({"signature": "wrong"}),
    "algorithm_none": Mishap({"signature": "none"}),
    "algorithm_hmac": Mishap({"signature": "hmac"}),
    "key_unknown": Mishap({"signature": "unknown_key"}),
    "key_rotated": Mishap({"signature": "new_key"}),
    "issuer_of_token_wrong": Mishap({"id_token": {"iss": "https://evil.example/access"}}),
    "audience_wrong": Mishap({"id_token": {"aud": ["another-merchant"]}}),
    "nonce_wrong": Mishap({"id_token": {"nonce": "the-nonce-of-another-login"}}),
    "nonce_missing": Mishap({"id_token": {"nonce": None}}),
    "id_token_expired": Mishap({"id_token": {"exp": 1_600_000_000}}),
    "id_token_old": Mishap({"id_token": {"iat": 1_600_000_000}}),
    "subject_missing": Mishap({"id_token": {"sub": None}}),
    "at_hash_wrong": Mishap({"id_token": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}}),
    "userinfo_401": Mishap({"userinfo": {"status": 401, "body": {"title": "Unauthorized", "status": "401"}}}),
    "userinfo_slow": Mishap({"userinfo": {"delay": 8}}),
    "userinfo_500": Mishap({"userinfo": {"status": 500}}),
    "userinfo_html": Mishap({"userinfo": {"status": 200, **HTML}}),
    "userinfo_cut": Mishap({"userinfo": {"status": 200, "cut": True}}),
    "userinfo_other_person": Mishap({"claims": {"sub": "00000000-0000-4000-8000-000000000000"}}),
    "claims_missing": Mishap({"claims": {"name": None, "given_name": None, "family_name": None, "phone_number": None}}),
    "consents_missing": Mishap({"claims": {"delegatedConsents": None, "flowResult": None}}),
    "claims_odd": Mishap({"claims": {"name": ["a", "list"], "email": 7, "address": "a street", "phone_number": None}}),
    "scope_dropped": Mishap({"without_scopes": ["name", "phoneNumber", "address", "birthDate"]}),
}


def wanted(name: str) -> Mishap:
    """Return the mishap of a name; a name that is not known changes nothing."""
    return MISHAPS.get(name, Mishap())
