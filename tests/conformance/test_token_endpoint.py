"""The token endpoint: a wrong answer logs no one in."""

import pytest

from tests.conformance.party import RelyingParty
from tests.provider import TOKEN_PATH, USERINFO_PATH


def refused_before_userinfo(party: RelyingParty) -> None:
    """Check that the case is refused, and that userinfo was not asked."""
    party.is_refused(next_one_works=False)
    assert party.op.calls(USERINFO_PATH) == 0
    assert party.op.calls(TOKEN_PATH) == 1, "a code is never sent twice"
    party.op.behave()
    assert party.log_in().status_code == 303


@pytest.mark.parametrize("bent", [{"token_type": "mac"}, {"token_type": None}, {"access_token": None}])
def test_b43_token_of_another_type(party: RelyingParty, bent: dict[str, object]) -> None:
    party.op.token_answer = bent
    refused_before_userinfo(party)


def test_b43_no_access_token(party: RelyingParty) -> None:
    party.op.without = {"access_token"}
    refused_before_userinfo(party)
