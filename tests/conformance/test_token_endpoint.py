"""The token endpoint: a wrong answer logs no one in, and the shop follows no redirect."""

import pytest

from tests.conformance.op import OpenIDProvider
from tests.conformance.party import RelyingParty
from tests.provider import TOKEN_PATH, USERINFO_PATH, running


def refused_before_userinfo(party: RelyingParty) -> None:
    """Check that the case is refused, and that userinfo was not asked."""
    party.is_refused(next_one_works=False)
    assert party.op.calls(USERINFO_PATH) == 0
    assert party.op.calls(TOKEN_PATH) == 1, "a code is never sent twice"
    party.op.behave()
    assert party.log_in().status_code == 303


def test_a47_no_id_token(party: RelyingParty) -> None:
    party.op.without = {"id_token"}
    refused_before_userinfo(party)


@pytest.mark.parametrize("nothing", [None, "", 0])
def test_a47_nothing_as_id_token(party: RelyingParty, nothing: object) -> None:
    party.op.token_answer = {"id_token": nothing}
    refused_before_userinfo(party)


@pytest.mark.parametrize("value", [7, {"sub": "x"}])
def test_a47b_id_token_of_another_type(party: RelyingParty, value: object) -> None:
    party.op.token_answer = {"id_token": value}
    refused_before_userinfo(party)


def redirected(party: RelyingParty, status: int) -> None:
    """Let the token endpoint redirect to another host, and check that nothing arrives there."""
    with running(OpenIDProvider) as thief:
        elsewhere = f"{thief.origin}{TOKEN_PATH}"
        party.op.bent[TOKEN_PATH] = lambda to: to.send(b"", status, Location=elsewhere)
        refused_before_userinfo(party)
        assert thief.seen == []


@pytest.mark.parametrize("status", [307, 308])
def test_b32_redirect_that_keeps_the_body(party: RelyingParty, status: int) -> None:
    redirected(party, status)


@pytest.mark.parametrize("status", [302, 303])
def test_b33_redirect(party: RelyingParty, status: int) -> None:
    redirected(party, status)


@pytest.mark.parametrize("bent", [{"token_type": "mac"}, {"token_type": None}, {"access_token": None}])
def test_b43_token_of_another_type(party: RelyingParty, bent: dict[str, object]) -> None:
    party.op.token_answer = bent
    refused_before_userinfo(party)


def test_b43_no_access_token(party: RelyingParty) -> None:
    party.op.without = {"access_token"}
    refused_before_userinfo(party)


@pytest.mark.parametrize("status", [500, 502])
def test_b43b_failure(party: RelyingParty, status: int) -> None:
    party.op.bent[TOKEN_PATH] = lambda to: to.send(b"<h1>Bad gateway</h1>", status)
    refused_before_userinfo(party)
