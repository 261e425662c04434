"""The table of refusals: complete, with texts for customers, operators and developers."""

from pathlib import Path

import pytest

from app.vipps.errors import REDIRECT_CODES, REFUSALS, LoginRefused, Refusal, refused_by_vipps

ROOT = Path(__file__).resolve().parent.parent.parent
# The codes in Vipps' own list, and the standard's (RFC 6749, section 4.1.2.1; OpenID Connect Core, section 3.1.2.6).
VIPPS_CODES = [
    "access_denied", "server_error", "login_required", "invalid_app_callback_uri", "app_callback_uri_not_registered",
    "outdated_app_version", "wrong_challenge", "unknown_reject_reason",
]  # fmt: skip
STANDARD_CODES = [
    "invalid_request", "unauthorized_client", "unsupported_response_type", "invalid_scope", "temporarily_unavailable",
    "interaction_required", "account_selection_required", "consent_required",
]  # fmt: skip


@pytest.mark.parametrize("code", VIPPS_CODES + STANDARD_CODES)
def test_every_known_code_has_its_own_refusal(code: str) -> None:
    assert refused_by_vipps(code).code == code


def test_an_unknown_code_gets_the_general_page_and_stays_in_the_log() -> None:
    refusal = refused_by_vipps("brand_new_code")
    assert (refusal.code, refusal.detail) == ("unknown_error", "brand_new_code")
    assert refused_by_vipps("x" * 5000).detail == "(unusual)"


def test_an_internal_refusal_cannot_be_chosen_from_outside() -> None:
    assert refused_by_vipps("database_unavailable").code == "unknown_error"
    assert "state_expired" not in REDIRECT_CODES


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=lambda refusal: refusal.code)
def test_each_refusal_says_what_happened_and_what_to_do(refusal: Refusal) -> None:
    assert 400 <= refusal.status < 500 or refusal.status in (502, 503, 504)
    assert refusal.page.title
    assert refusal.page.explanation.endswith(".")
    assert refusal.cause
    assert refusal.source
    assert (refusal.status >= 500) or refusal.level != "error" or refusal.code == "issuer_mismatch"


def test_every_internal_refusal_is_raised_in_the_code() -> None:
    code = "".join(path.read_text() for path in (ROOT / "app").rglob("*.py") if path.name != "errors.py")
    assert [name for name in REFUSALS if name not in REDIRECT_CODES and f'"{name}"' not in code] == []


@pytest.mark.parametrize(
    ("code", "level"), [("access_denied", "info"), ("invalid_grant", "warning"), ("invalid_client", "error")]
)
def test_a_wrong_secret_is_an_alarm_and_cancelling_is_none(code: str, level: str) -> None:
    assert LoginRefused(code).refusal.level == level
