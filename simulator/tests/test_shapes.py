"""The answers have the documented shapes: the same members with the same types. Files name the sources."""

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from ..testing import ORIGIN
from .conftest import ACCESS, Provider, decoded

DATA = Path(__file__).parent / "data"
UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
ALL = "openid name email phoneNumber address birthDate delegatedConsents customFlow"


def documented(name: str) -> dict[str, Any]:
    """Return a documented shape; every file names its source and the date of the source."""
    shape = json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))
    assert re.search(r"https://\S+", shape["source"])
    assert re.search(r"20\d\d", shape["source"])
    return dict(shape)


def assert_shape(found: Any, shape: Any, path: str = "") -> None:
    """Check members and types. In a list of several shapes, each item must have one of these shapes."""
    assert type(found) is type(shape), f"{path}: {found!r} is not {type(shape).__name__}"
    if isinstance(shape, dict):
        assert set(found) == set(shape), f"{path}: {set(found) ^ set(shape)}"
        for name, value in shape.items():
            assert_shape(found[name], value, f"{path}.{name}")
    if isinstance(shape, list):
        assert found, f"{path} is empty"
        for item in found:
            assert any(_fits(item, each) for each in shape), f"{path}: {item}"


def _fits(found: Any, shape: Any) -> bool:
    try:
        assert_shape(found, shape)
    except AssertionError:
        return False
    return True


def test_discovery(provider: Provider) -> None:
    shape = documented("discovery")
    response = provider.client.get(f"{ACCESS}/.well-known/openid-configuration")
    found = response.json or {}
    assert response.headers["Cache-Control"] == "max-age=3600"
    assert found["issuer"] == ORIGIN + urlsplit(shape["issuer"]).path
    assert {name: found[name].removeprefix(ORIGIN) for name in shape["paths"]} == shape["paths"]
    assert {name: found[name] for name in shape["values"]} == shape["values"]
    assert set(shape["required_by_the_standard"]["members"]) <= set(found)
    assert not set(shape["absent"]) & set(found)


def test_key_set(provider: Provider) -> None:
    shape = documented("jwks")["key"]
    response = provider.client.get(f"{ACCESS}/.well-known/jwks.json")
    (key,) = (response.json or {})["keys"]
    assert_shape(key, shape)
    assert {name: key[name] for name in ("use", "kty", "alg", "e")} == {
        name: shape[name] for name in ("use", "kty", "alg", "e")
    }
    assert re.fullmatch(f"public:{UUID}", key["kid"])


def test_token_response(provider: Provider) -> None:
    shape = documented("token")["success"]
    tokens = provider.tokens()
    assert_shape(tokens, shape)
    assert (tokens["token_type"], tokens["expires_in"]) == (shape["token_type"], shape["expires_in"])


def test_token_error(provider: Provider) -> None:
    response = provider.exchange("unknown")
    assert_shape(response.json, documented("token")["error"])
    assert (response.json or {})["error_code"] == response.status_code


def test_id_token(provider: Provider) -> None:
    shape = documented("id_token")
    tokens = provider.tokens()
    header, claims = decoded(tokens["id_token"], 0), decoded(tokens["id_token"])
    assert_shape(header, shape["header"])
    assert (header["alg"], header["typ"]) == ("RS256", "JWT")
    assert_shape(claims, shape["claims"])
    for name in ("sub", "jti", "sid"):
        assert re.fullmatch(UUID, claims[name])
    # OpenID Connect Core section 3.1.3.6
    half = hashlib.sha256(tokens["access_token"].encode()).digest()[:16]
    assert claims["at_hash"] == base64.urlsafe_b64encode(half).rstrip(b"=").decode()


def test_userinfo(advanced: Provider) -> None:
    shape = documented("userinfo")["claims"]
    claims = advanced.claims(request={"scope": ALL}, consents={"email": True})
    assert_shape(claims, shape)
    assert list(claims) == list(shape)


def test_userinfo_error(provider: Provider) -> None:
    assert_shape(provider.userinfo("unknown").json, documented("userinfo")["error"])


def test_shape_check_notices_differences() -> None:
    assert_shape({"a": ["x"], "b": {"c": 1}}, {"a": ["text"], "b": {"c": 0}})
    for wrong in ({"a": 1}, {"a": True}, {"a": "text", "b": "text"}, {}, {"a": ["text"]}):
        with pytest.raises(AssertionError):
            assert_shape(wrong, {"a": "text"})
