"""A provider that knows any number of people, for shops in other processes.

A person's code contains the person's number and the nonce of the login (`7.nonce`), so no state is kept between calls.
"""

import copy
import hashlib
import threading
from base64 import urlsafe_b64encode
from typing import Any
from urllib.parse import parse_qs

from tests.customers.consents.steps import delegated
from tests.provider import TOKEN_PATH, USERINFO_PATH, Handler, Provider

CONSENTS = delegated(email=True, sms=False, digital=True, personal=False)


class People(Provider):
    """Every person exists, has a verified address, and has answered every consent question.

    While `may_answer` is cleared, the token endpoint does not answer; `is_asked` is set when a request waits.
    """

    def __init__(self) -> None:
        super().__init__()
        self.may_answer, self.is_asked = threading.Event(), threading.Event()
        self.may_answer.set()

    def tokens_for(self, person: str, nonce: str) -> dict[str, Any]:
        mine, access_token = copy.copy(self), f"token-of-{person}"
        half = urlsafe_b64encode(hashlib.sha256(access_token.encode()).digest()[:16]).decode().rstrip("=")
        mine.nonce, mine.claims = nonce, {"sub": subject(person), "at_hash": half}
        mine.token_answer = {"access_token": access_token}
        return mine.tokens()


class PeopleHandler(Handler):
    """One connection of the provider."""

    provider: People

    def respond(self, body: bytes) -> None:
        """Answer for the person that the code or the token names."""
        if self.path == TOKEN_PATH:
            person, _, nonce = parse_qs(body.decode())["code"][0].partition(".")
            self.provider.is_asked.set()
            self.provider.may_answer.wait()
            self.send_json(self.provider.tokens_for(person, nonce))
        elif self.path == USERINFO_PATH:
            self.send_json(userinfo(self.headers["Authorization"].rpartition("-")[2]))
        else:
            super().respond(body)


def subject(person: str | int) -> str:
    return f"3f6c1a52-8d0e-4b77-9a41-{int(person):012d}"


def userinfo(person: str) -> dict[str, Any]:
    """Return the claims of a person."""
    return {
        "sub": subject(person), "name": f"Kari{person} Nordfjell", "email": f"kari{person}@example.com",
        "email_verified": True, "phone_number": f"47{40000000 + int(person)}", "delegatedConsents": CONSENTS,
    }  # fmt: skip
