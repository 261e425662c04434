"""The conformance table: what a provider or an adversary may do, what this shop does then, and the test that proves it.

The cases are the OpenID Foundation's for a basic relying party (`suite` names the module of its conformance suite), and
those of the OAuth security practice of RFC 9700. Tests take what they expect from here, so the two cannot differ.
"""

from app.guide.conformance.adversary import GROUPS as BY_OTHERS
from app.guide.conformance.case import LOGS_IN, Case, Group
from app.guide.conformance.provider import GROUPS as BY_THE_PROVIDER

GROUPS: tuple[Group, ...] = (*BY_THE_PROVIDER, *BY_OTHERS)
CASES = {case.id: case for group in GROUPS for case in group.cases}

__all__ = ["CASES", "GROUPS", "LOGS_IN", "Case", "Group"]
