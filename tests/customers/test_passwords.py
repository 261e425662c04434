"""Passwords: what is refused, and how the accepted ones are kept."""

import unicodedata
from typing import Any

import pytest
from argon2 import PasswordHasher

from app.about import NAME
from app.customers.passwords import hashing, policy
from tests.customers.steps import CountingHasher
from tests.speed import REAL


@pytest.mark.parametrize(
    ("password", "problem"),
    [
        ("", policy.TOO_SHORT),
        ("7 chars", policy.TOO_SHORT),
        ("x" * 100 + "y" * 101, policy.TOO_LONG),
        ("password123", policy.IS_COMMON),
        ("PASSWORD123", policy.IS_COMMON),
        ("Sommer2026", policy.IS_COMMON),
        ("Trustno1", policy.IS_COMMON),
        ("1g2w3e4r", policy.IS_COMMON),
        ("HILFIGER", policy.IS_COMMON),
        ("zzzzzzzzzzzz", policy.IS_COMMON),
        (f"I love {NAME}!", policy.GUESSABLE),
        ("tuva.lien-2026", policy.GUESSABLE),
        ("xyzzy-42", None),
        ("seven small boats", None),
        ("blå bær på ski 🫐", None),
        ("only letters here", None),
        ("x" * 100 + "y" * 100, None),
    ],
)  # fmt: skip
def test_a_password_is_judged_by_length_and_by_who_else_would_try_it(password: str, problem: object) -> None:
    assert policy.problem(password, "tuva.lien@example.com") is problem


def test_a_short_name_before_the_at_sign_forbids_nothing() -> None:
    assert policy.problem("seven small boats", "al@example.com") is None


def test_the_list_of_common_passwords_has_only_what_the_length_lets_through() -> None:
    """ASVS 6.2.4 asks for the 3,000 most common ones that the other rules accept."""
    assert len(policy.COMMON) >= 3_000
    assert not [word for word in policy.COMMON if len(word) < policy.MIN_LENGTH or word != word.casefold()]


def test_a_hash_is_argon2id_with_the_named_parameters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashing, "_hasher", REAL)
    assert hashing.make_hash("seven small boats").startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_a_password_is_used_whole_and_with_its_case() -> None:
    long = "x" * 199
    stored = hashing.make_hash(long + "y")
    assert hashing.matches(long + "y", stored)
    assert not hashing.matches(long + "z", stored)
    assert not hashing.matches(long, stored)
    assert not hashing.matches(long + "Y", stored)


def test_the_same_letter_typed_on_another_keyboard_is_the_same_password() -> None:
    stored = hashing.make_hash(unicodedata.normalize("NFC", "blåbær på ski"))
    assert hashing.matches(unicodedata.normalize("NFD", "blåbær på ski"), stored)


def test_no_password_opens_an_account_without_one() -> None:
    for guess in ("", "\0no password", "None", "!"):
        assert not hashing.matches(guess, None)
        assert not hashing.matches(guess, "")


def test_a_damaged_hash_matches_nothing() -> None:
    assert not hashing.matches("seven small boats", "not a hash")


def test_a_hash_is_computed_even_if_there_is_nothing_to_compare(monkeypatch: Any) -> None:
    hasher = CountingHasher(hashing._hasher)
    monkeypatch.setattr(hashing, "_hasher", hasher)
    hashing.matches("seven small boats", None)
    assert hasher.calls == 1


def test_a_hash_of_yesterday_is_outdated() -> None:
    assert hashing.outdated(PasswordHasher(time_cost=2, memory_cost=8, parallelism=1).hash("x"))
    assert not hashing.outdated(hashing.make_hash("x"))
