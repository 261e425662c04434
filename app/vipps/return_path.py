"""Check the return path of a login: it must be a path of this site.

An open redirect on a login page helps a phisher (RFC 9700, sections 2.1 and 4.11; ASVS 3.7.2). Browsers repair odd
addresses (`/\\evil`, `https:evil`, a tab in the middle), so the rule lists what is allowed, not what is forbidden.
"""

import re

# One slash, then no second one and no backslash; printable ASCII only: a browser strips tabs and line breaks.
LOCAL_PATH = re.compile(r"/(?:[^/\\\x00-\x20\x7f-\U0010ffff][^\\\x00-\x20\x7f-\U0010ffff]*)?")
MAX_LENGTH = 500


def local_path(candidate: str | None, otherwise: str) -> str:
    """Return the candidate if it is a path on this site, else the other path given."""
    if isinstance(candidate, str) and candidate.startswith("/login"):
        return otherwise  # a login must not end by starting another one
    if isinstance(candidate, str) and len(candidate) <= MAX_LENGTH and LOCAL_PATH.fullmatch(candidate):
        return candidate
    return otherwise
