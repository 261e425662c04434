"""What a login does on the wire, for whoever wants to watch: a log, a metric, a guide. Nobody does by default.

A receiver sees secrets, codes and tokens as they are, and has to mask them before it keeps anything.
"""

from dataclasses import dataclass, field

from blinker import Namespace

_signals = Namespace()


@dataclass(frozen=True)
class Call:
    """One request to Vipps and what came of it.

    `status` and what follows are of a complete answer; `failure` names the refusal if there was none. `seconds` is the
    time from the first byte sent to the last one read, or to the failure.
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
