"""Where a person goes after logging in: a path of this site, and never anybody else's.

An open redirect on a login page lends the shop's good name to a phisher (RFC 9700, sections 2.1 and 4.11;
ASVS 3.7.2). Browsers repair what looks harmless (`/\\evil`, `https:evil`, a tab in the middle), so the rule is a
short list of what is allowed and not a list of what is not.
"""

import re

# One slash, then no second one and no backslash; printable ASCII only: a browser strips tabs and line breaks.
LOCAL_PATH = re.compile(r"/(?:[^/\\\x00-\x20\x7f-\U0010ffff][^\\\x00-\x20\x7f-\U0010ffff]*)?")
MAX_LENGTH = 500


def local_path(candidate: str | None, otherwise: str) -> str:
    """Return the candidate if it is a path on this site, else the other path given."""
    if isinstance(candidate, str) and candidate.startswith("/login"):
        return otherwise  # a login that ends by beginning another one was not what the person asked for
    if isinstance(candidate, str) and len(candidate) <= MAX_LENGTH and LOCAL_PATH.fullmatch(candidate):
        return candidate
    return otherwise
