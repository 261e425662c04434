"""The simulator as the checker uses it: its control API over HTTP."""

import json
from collections.abc import Mapping
from typing import Any

from .browser import Transport
from .merchant import Client


class ControlError(Exception):
    """The control API refused a call, or did not answer."""


class Provider:
    """A simulator's control API, for one client."""

    def __init__(self, transport: Transport, client: Client) -> None:
        """Use the simulator of `client.url`."""
        self._send = transport
        self.client = client

    def authorize(self, url: str, person: str, **members: Any) -> str:
        """Log a person in at the provider; return where the browser is sent."""
        body = {"authorization_url": url, "person": person, **members}
        return str(self._call("POST", "/authorize", body)["location"])

    def change_person(self, person: str, changes: dict[str, Any]) -> str:
        """Change a person; return their `sub` at this client."""
        return str(self._call("PATCH", f"/persons/{person}", changes)["subjects"].get(self.client.client_id, ""))

    def person(self, key: str) -> dict[str, Any]:
        """Return a person."""
        return next(each for each in self._call("GET", "/persons")["persons"] if each["key"] == key)

    def last_call(self) -> int:
        """Return the number of the newest call that the provider received."""
        return max((each["id"] for each in self._call("GET", "/requests")["requests"]), default=0)

    def calls(self, after: int) -> list[dict[str, Any]]:
        """Return the calls that the provider got after a call, the newest first."""
        return list(self._call("GET", f"/requests?after={after}")["requests"])

    def counts(self, after: int) -> dict[str, int]:
        """Return how often each endpoint was called after the call with this number."""
        return dict(self._call("GET", f"/requests?after={after}")["counts"])

    def set_faults(self, faults: Mapping[str, Any]) -> None:
        """Let the discovery document or the key set fail; an empty object ends it."""
        self._call("PUT", "/faults", dict(faults))

    def rotate_keys(self) -> None:
        """Replace the signing key."""
        self._call("POST", "/keys/rotate", {})

    def register(self) -> None:
        """Register the merchant's client if the simulator does not know it."""
        client = self.client
        known = {each["client_id"]: each for each in self._call("GET", "/merchants")["merchants"]}
        if client.client_id in known or not client.client_secret:
            return
        body = {"name": "Your shop", "client_secret": client.client_secret, "redirect_uris": client.redirect_uris}
        self._call("PUT", f"/merchants/{client.client_id}", {**body, "auth_method": client.auth_method})

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        headers = [("Content-Type", "application/json")]
        if self.client.control_token:
            headers.append(("Authorization", f"Bearer {self.client.control_token}"))
        sent = None if body is None else json.dumps(body).encode()
        answer = self._send(method, f"{self.client.url}/control{path}", headers, sent)
        try:
            read = json.loads(answer.body)
        except ValueError:
            raise ControlError(f"the simulator at {self.client.url} answered {answer.status or 'nothing'}") from None
        if answer.status != 200:
            raise ControlError(str(read.get("error", answer.status)))
        return dict(read)
