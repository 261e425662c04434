"""Bodies of revocation events for the webhook's tests, as documented and malformed."""

import json
from base64 import urlsafe_b64encode
from datetime import datetime
from typing import Any

# The sample of the Vipps Login API guide (webhooks): two segments, and a newline at the end of the header's JSON.
SAMPLE = (
    b"eyJhbGciOiJub25lIiwidHlwIjogIkpXVCJ9Cg.eyJleHAiOjE1OTI1NzE3ODgsImlhdCI6MTU5MjU3MTQ4OCwibmJmIjoxNTkyNTcxNDg4LC"
    b"JzdWIiOiJjOWQxMDQ0NC1kOTkyLTQ4NTAtYWM2MC05ZDM1MDIwOTUwMDgiLCJldmVudCI6IkNPTlNFTlRfUkVWT0tFRCJ9"
)
SAMPLE_SUBJECT = "c9d10444-d992-4850-ac60-9d3502095008"
SAMPLE_SECONDS = 1592571488
HEADER = b'{"alg":"none","typ":"JWT"}\n'
ABSENT = object()


def encoded(text: bytes | str, padded: bool = False) -> bytes:
    segment = urlsafe_b64encode(text.encode() if isinstance(text, str) else text)
    return segment if padded else segment.rstrip(b"=")


def jwt(claims: bytes | str, header: bytes | str = HEADER, rest: bytes = b"") -> bytes:
    """Return two segments as a JWT, with an optional third part."""
    return encoded(header) + b"." + encoded(claims) + rest


def claims(at: datetime, **changes: Any) -> dict[str, Any]:
    """Return the documented members of an event at this time, with changes; `ABSENT` removes a member."""
    seconds = int(at.timestamp())
    documented = {"exp": seconds + 300, "iat": seconds, "nbf": seconds, "sub": SAMPLE_SUBJECT}
    members = {**documented, "event": "CONSENT_REVOKED", **changes}
    return {name: value for name, value in members.items() if value is not ABSENT}


def event(at: datetime, **changes: Any) -> bytes:
    return jwt(json.dumps(claims(at, **changes)))
