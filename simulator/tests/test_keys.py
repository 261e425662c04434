"""Signing keys: tokens verify with the published set, also after a rotation, in every worker."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from joserfc import jwt
from joserfc.jwk import KeySet

from .. import keys
from .conftest import ACCESS, Provider, decoded


def key_set(provider: Provider) -> dict[str, Any]:
    """Return the published keys."""
    return dict(provider.client.get(f"{ACCESS}/.well-known/jwks.json").json or {})


def test_id_token_verifies_with_the_published_key(provider: Provider) -> None:
    published = key_set(provider)
    token = jwt.decode(provider.tokens()["id_token"], KeySet.import_key_set(published), algorithms=["RS256"])
    assert token.header["kid"] == published["keys"][0]["kid"]


def test_private_parts_are_not_published(provider: Provider) -> None:
    assert not {"d", "p", "q", "dp", "dq", "qi"} & set(key_set(provider)["keys"][0])


def test_rotated_key_stays_published_for_a_while(provider: Provider) -> None:
    """OpenID Connect Core section 10.1.1."""
    with time_machine.travel("2030-01-01 12:00:00+00:00", tick=False) as clock:
        old = provider.tokens()["id_token"]
        clock.shift(1)
        kid = provider.control("keys/rotate", {})["kid"]
        new = provider.tokens()["id_token"]
        published = key_set(provider)
        assert [key["kid"] for key in published["keys"]] == [kid, decoded(old, 0)["kid"]]
        assert decoded(new, 0)["kid"] == kid
        for token in (old, new):
            jwt.decode(token, KeySet.import_key_set(published), algorithms=["RS256"])
        clock.shift(timedelta(hours=3))
        assert [key["kid"] for key in key_set(provider)["keys"]] == [kid]


def test_key_set_stays_small_after_many_rotations(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "MAX_PUBLISHED", 2)
    rotated = [provider.control("keys/rotate", {})["kid"] for _ in range(3)]
    assert [key["kid"] for key in key_set(provider)["keys"]] == rotated[:0:-1]


def test_rotation_reaches_every_worker(provider: Provider, make_simulator: Callable[..., Flask]) -> None:
    other = Provider(make_simulator().test_client())
    before = decoded(other.tokens()["id_token"], 0)["kid"]
    kid = provider.control("keys/rotate", {})["kid"]
    assert decoded(other.tokens()["id_token"], 0)["kid"] == kid != before
