"""Sends verdicts to a workshop's room, so that the teacher sees who is at which stage.

It sends the learner's three words, the stage, and the name and verdict of each case. It sends no data of the shop.
"""

import json
from collections.abc import Iterable
from typing import Any

from .browser import Transport
from .merchant import Merchant


class Room:
    """A room, for one learner."""

    def __init__(self, transport: Transport, url: str, words: str) -> None:
        """Use the room at `url` with the learner's words."""
        self._send, self._url, self._words = transport, f"{url.rstrip('/')}/verdicts", words

    def tell(self, stage: int, verdicts: Iterable[tuple[str, str]]) -> str:
        """Send the verdicts of a stage; return the problem, or an empty text."""
        return self._post(stage, verdicts=[{"case": case, "verdict": verdict} for case, verdict in verdicts])

    def tell_looked_up(self, stage: int) -> str:
        """Report that the learner has read the solution of a stage; return the problem, or an empty text."""
        return self._post(stage, verdicts=[], looked_up=True)

    def _post(self, stage: int, **members: Any) -> str:
        body = json.dumps({"words": self._words, "stage": stage, **members}).encode()
        answer = self._send("POST", self._url, [("Content-Type", "application/json")], body)
        if 200 <= answer.status < 300:
            return ""
        told = f"The room did not take this: {self._url} answered {answer.status or 'nothing'}."
        if answer.status:
            return f"{told} Compare room and words in merchant.toml with your page of the room."
        return f"{told} Does the teacher's server run, and can this computer reach it?"


def room_of(transport: Transport, merchant: Merchant | None, url: str = "", words: str = "") -> Room | None:
    """Return the room of these options, or that of `merchant.toml`; None without one."""
    if merchant:
        url, words = url or merchant.room, words or merchant.words
    return Room(transport, url, words) if url else None
