"""The signal `call_made`: each call to Vipps, for a log, a metric or a guide. It has no receiver by default.

A receiver gets secrets, codes and tokens unmasked and must mask them before it stores anything.
"""

from dataclasses import dataclass, field

from blinker import Namespace

_signals = Namespace()


@dataclass(frozen=True)
class Call:
    """One request to Vipps and its outcome.

    `status` and the fields after it belong to a complete response; without one, `failure` names the refusal. `seconds`
    is the time until the last byte was read, or until the failure.
    """

    method: str
    url: str
    headers: dict[str, str] = field(repr=False)
    body: bytes | None = field(repr=False)
    seconds: float
    status: int | None = None
    answer_headers: dict[str, str] = field(default_factory=dict, repr=False)
    answer_body: bytes = field(default=b"", repr=False)
    failure: str = ""


call_made = _signals.signal("call-made")
"""Sent after each call, with `call`: a `Call`. The sender is the transport."""
