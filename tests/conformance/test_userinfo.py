"""Userinfo must be about the person of the ID token."""

from typing import Any

import pytest
from joserfc import jwt

from tests.conformance.party import RelyingParty
from tests.provider import SUBJECT, USERINFO_PATH


@pytest.mark.parametrize("subject", [SUBJECT.upper(), f"{SUBJECT} ", None, [SUBJECT]])
def test_a26_subject_that_is_not_exactly_the_same(party: RelyingParty, subject: object) -> None:
    party.op.userinfo["sub"] = subject
    party.is_refused()


def test_a26_no_subject(party: RelyingParty) -> None:
    party.op.bent[USERINFO_PATH] = lambda to: to.send_json(party.op.userinfo)
    party.is_refused()


def test_a53_signed(party: RelyingParty) -> None:
    signed = jwt.encode(party.op.header, {"sub": SUBJECT}, party.op.key, algorithms=["RS256"])
    party.op.bent[USERINFO_PATH] = lambda to: to.send(signed.encode(), content_type="application/jwt")
    party.is_refused()


def test_a53c_claims_at_another_place(party: RelyingParty) -> None:
    party.op.userinfo |= {
        "_claim_names": {"address": "elsewhere", "email": "elsewhere"},
        "_claim_sources": {"elsewhere": {"endpoint": f"{party.op.origin}/claims", "access_token": "x"}},
    }
    party.is_in(party.log_in())
    assert party.op.calls("/claims") == 0


@pytest.mark.parametrize("status", [302, 307])
def test_b33b_elsewhere(party: RelyingParty, status: int) -> None:
    def elsewhere(to: Any) -> None:
        to.send(b"", status, Location=f"{party.op.origin}/elsewhere")

    party.op.bent[USERINFO_PATH] = elsewhere
    party.is_refused()
    assert party.op.calls("/elsewhere") == 0
