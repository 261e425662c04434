"""The ID token's checks: each one refuses a changed token (OpenID Connect Core, section 3.1.3.7)."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from joserfc import jws, jwt

from app.vipps.config import DISCOVERY_PATH
from app.vipps.deadline_http import Deadline
from app.vipps.purposes import LoginPurpose
from tests.provider import CLIENT_ID, KEYS_PATH, USERINFO_PATH, After, Provider
from tests.vipps.conftest import an_attempt
from tests.vipps.test_client import LogIn, refused


def base64url(value: dict[str, Any] | bytes) -> str:
    """Return bytes, or an object as JSON, as the parts of a JWT are written."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def forged(header: dict[str, Any], secret: bytes) -> str:
    """Return a token with an HMAC by any secret, or with no signature; libraries rightly refuse to make one."""
    signed = f"{base64url(header)}.{base64url({'sub': 'x'})}"
    signature = hmac.digest(secret, signed.encode(), hashlib.sha256) if secret else b""
    return f"{signed}.{base64url(signature)}"


@pytest.mark.parametrize(
    "claims",
    [
        {}, {"aud": CLIENT_ID}, {"aud": [CLIENT_ID, "another"], "azp": CLIENT_ID},
        {"iat": After(28)}, {"nbf": After(28)}, {"exp": After(-25)},
        {"role": "admin", "is_admin": True, "email": "x@example.com"}, {"auth_time": After(-(365 * 24 * 3600))},
    ],
)  # fmt: skip
def test_a_good_token_passes(provider: Provider, log_in: LogIn, claims: dict[str, Any]) -> None:
    provider.claims = claims
    log_in()


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"iss": "https://evil.example/"}, "id_token_issuer"), ({"iss": None}, "id_token_issuer"),
        ({"aud": "other"}, "id_token_audience"), ({"aud": ["other"], "azp": CLIENT_ID}, "id_token_audience"),
        ({"aud": "other", "azp": CLIENT_ID}, "id_token_audience"), ({"aud": []}, "id_token_audience"),
        ({"azp": "other"}, "id_token_audience"), ({"exp": After(-600)}, "id_token_expired"),
        ({"exp": "soon"}, "id_token_times"), ({"exp": True}, "id_token_times"),
        ({"iat": After(3600)}, "id_token_times"), ({"iat": After(-(2 * 24 * 3600))}, "id_token_times"),
        ({"nbf": After(3600)}, "id_token_times"), ({"nonce": "another"}, "id_token_nonce"),
        ({"nonce": ""}, "id_token_nonce"), ({"nonce": None}, "id_token_nonce"), ({"sub": ""}, "id_token_subject"),
        ({"sub": "  "}, "id_token_subject"), ({"sub": None}, "id_token_subject"),
        ({"sub": 12345}, "id_token_subject"), ({"sub": ["a"]}, "id_token_subject"),
        ({"sub": "x" * 5000}, "id_token_subject"), ({"sub": "a\x00b"}, "id_token_subject"),
        ({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}, "id_token_at_hash"),
        ({"padding": "x" * 2 * 1024 * 1024}, "answer_too_large"), ({"padding": "x" * 100_000}, "id_token_malformed"),
    ],
)  # fmt: skip
def test_a_wrong_claim_is_refused_by_its_name(
    provider: Provider, log_in: LogIn, claims: dict[str, Any], code: str
) -> None:
    provider.claims = claims
    assert refused(log_in) == code
    assert provider.calls(USERINFO_PATH) == 0


@pytest.mark.parametrize(
    ("missing", "code"),
    [
        ("iss", "id_token_issuer"), ("aud", "id_token_audience"), ("exp", "id_token_times"),
        ("iat", "id_token_times"), ("sub", "id_token_subject"), ("nonce", "id_token_nonce"),
        ("id_token", "id_token_missing"),
    ],
)  # fmt: skip
def test_a_missing_claim_is_refused(provider: Provider, log_in: LogIn, missing: str, code: str) -> None:
    provider.without = {missing}
    assert refused(log_in) == code


def test_at_hash_is_optional(provider: Provider, log_in: LogIn) -> None:
    provider.without = {"at_hash"}
    log_in()


def test_the_issuer_s_trailing_slash_counts(provider: Provider, log_in: LogIn) -> None:
    provider.claims = {"iss": provider.document()["issuer"].rstrip("/")}
    assert refused(log_in) == "id_token_issuer"


def test_no_token_or_another_type_is_refused(provider: Provider, log_in: LogIn) -> None:
    for raw, code in ((None, "missing"), ("", "missing"), (7, "malformed"), ({"a": 1}, "malformed")):
        provider.token_answer = {"id_token": raw}
        assert refused(log_in) == f"id_token_{code}", raw


@pytest.mark.parametrize("raw", ["a.b", "a.b.c", "a.b.c.d.e", "...", "é.é.é", b'["sub"]', b'"text"', b"\xff"])
def test_malformed_tokens_are_refused(provider: Provider, log_in: LogIn, raw: str | bytes) -> None:
    """Bytes get a valid signature, although they are not a JSON object."""
    signed = isinstance(raw, bytes) and jws.serialize_compact(provider.header, raw, provider.key, algorithms=["RS256"])
    provider.token_answer = {"id_token": signed or raw}
    assert refused(log_in) == "id_token_malformed"


def test_an_unsigned_token_is_refused_even_if_discovery_offers_it(provider: Provider, log_in: LogIn) -> None:
    provider.discovery = {"id_token_signing_alg_values_supported": ["none", "RS256"]}
    provider.token_answer = {"id_token": forged({"alg": "none"}, b"")}
    assert refused(log_in) == "id_token_algorithm"


@pytest.mark.parametrize("alg", ["RS384", "PS256"])
def test_another_algorithm_of_the_same_key_is_refused(provider: Provider, log_in: LogIn, alg: str) -> None:
    claims = {"sub": "x"}
    key = type(provider.key).import_key({k: v for k, v in provider.key.as_dict(private=True).items() if k != "alg"})
    provider.token_answer = {"id_token": jwt.encode({"alg": alg, "kid": "public:0"}, claims, key, algorithms=[alg])}
    assert refused(log_in) == "id_token_algorithm"


def test_the_public_key_or_the_secret_as_hmac_key_is_refused(provider: Provider, log_in: LogIn) -> None:
    for secret in (provider.key.as_bytes(private=False), b"s+cr/t=="):
        provider.token_answer = {"id_token": forged({"alg": "HS256", "kid": "public:0"}, secret)}
        assert refused(log_in) == "id_token_algorithm"


@pytest.mark.parametrize("own", ["jwk", "jku", "x5u"])
def test_a_key_that_the_token_names_itself_is_neither_used_nor_fetched(
    provider: Provider, log_in: LogIn, own: str
) -> None:
    value = provider.other_key.as_dict(private=False) if own == "jwk" else provider.origin + "/evil-keys"
    provider.key, provider.header = provider.other_key, {**provider.header, own: value}
    assert refused(log_in) == ("id_token_malformed" if own == "jwk" else "id_token_signature")
    assert provider.calls("/evil-keys") == 0


def test_a_signature_by_another_key_is_refused(provider: Provider, log_in: LogIn) -> None:
    provider.key = provider.other_key
    assert refused(log_in) == "id_token_signature"


def test_an_unknown_critical_header_is_refused(provider: Provider, log_in: LogIn) -> None:
    token = provider.id_token()
    header = base64url({**provider.header, "crit": ["x"], "x": 1})
    provider.token_answer = {"id_token": header + token[token.index(".") :]}
    assert refused(log_in) == "id_token_malformed"


def test_a_broken_signature_is_refused(provider: Provider, log_in: LogIn) -> None:
    head, body, signature = provider.id_token().split(".")
    turned = signature[:-4] + signature[-4:].swapcase()
    provider.token_answer = {"id_token": f"{head}.{body}.{turned}"}
    assert refused(log_in) == "id_token_signature"


def test_the_token_of_an_earlier_login_is_refused(provider: Provider, client_of: Any) -> None:
    provider.nonce = "of-the-first-login"
    first = provider.id_token()
    provider.token_answer = {"id_token": first}
    tokens = client_of.exchange("code", an_attempt(), Deadline(5))
    assert refused(lambda: client_of.validate(tokens, an_attempt("of-the-second"), Deadline(5))) == "id_token_nonce"


def test_a_new_key_is_fetched_once_when_a_token_names_it(provider: Provider, log_in: LogIn) -> None:
    log_in()
    provider.published = [provider.other_key]
    provider.key, provider.header = provider.other_key, {"alg": "RS256", "kid": "public:1"}
    log_in()
    log_in()
    assert provider.calls(KEYS_PATH) == 2


def test_another_key_under_the_known_name_is_found_after_a_failed_signature(provider: Provider, log_in: LogIn) -> None:
    log_in()
    renamed = {**provider.other_key.as_dict(private=False), "kid": "public:0"}
    provider.bent[KEYS_PATH] = lambda to: to.send_json({"keys": [renamed]})
    provider.key = provider.other_key
    log_in()
    assert provider.calls(KEYS_PATH) == 2


def test_old_and_new_key_side_by_side_both_serve(provider: Provider, log_in: LogIn) -> None:
    provider.published = [provider.key, provider.other_key]
    log_in()
    provider.key, provider.header = provider.other_key, {"alg": "RS256", "kid": "public:1"}
    log_in()
    assert provider.calls(KEYS_PATH) == 1


def test_invented_key_ids_cause_few_requests(provider: Provider, log_in: LogIn) -> None:
    for number in range(20):
        provider.header = {"alg": "RS256", "kid": f"public:made-up-{number}"}
        assert refused(log_in) == "id_token_signature"
    assert provider.calls(KEYS_PATH) <= 6


def test_a_token_without_key_name_is_refused_when_there_are_several_keys(provider: Provider, log_in: LogIn) -> None:
    provider.published, provider.header = [provider.key, provider.other_key], {"alg": "RS256"}
    assert refused(log_in) == "id_token_signature"


def test_a_token_without_key_name_passes_when_there_is_one_key(provider: Provider, log_in: LogIn) -> None:
    provider.header = {"alg": "RS256"}
    log_in()
    assert provider.calls(DISCOVERY_PATH) == 1


def test_only_the_claim_proves_that_the_app_was_asked(provider: Provider, log_in: LogIn) -> None:
    """Without the claim a re-authentication is refused, before userinfo is requested."""
    in_app = "urn:vipps:acr:app_auth"
    others: list[Any] = [
        None,
        "",
        "urn:vipps:acr:other",
        in_app.upper(),
        f"{in_app} x",
        [in_app],
        True,
        {"acr": in_app},
    ]
    for claims in ({}, *({"acr": acr} for acr in others)):
        provider.claims = claims
        assert refused(lambda: log_in(purpose=LoginPurpose.CONFIRM)) == "not_confirmed_in_app", claims
    assert provider.calls(USERINFO_PATH) == 0
    log_in()  # a plain login does not need the claim
    provider.claims = {"acr": in_app}
    log_in(purpose=LoginPurpose.CONFIRM)
