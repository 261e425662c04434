"""Drives a simulator from tests: logs persons in, adds persons, waits for calls, sets the clock, restores snapshots.

It needs only Python's standard library. `pytest_plugin` has fixtures for it; `recipes/vipps-login-simulator.mjs` is the
same client for JavaScript.
"""

import json
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

TIMEOUT_SECONDS = 30


class Vipps:
    """One world of a simulator, and the credentials of a merchant there."""

    def __init__(
        self,
        url: str,
        client_id: str = "demo",
        client_secret: str = "demo-secret",  # noqa: S107 - public
        control_token: str = "",
    ) -> None:
        """Store the address of a simulator; send no request yet."""
        self.url, self.client_id, self.client_secret = url.rstrip("/"), client_id, client_secret
        self._control_token = control_token

    @property
    def issuer(self) -> str:
        """The issuer, with its trailing slash."""
        return f"{self.url}/access-management-1.0/access/"

    @property
    def discovery(self) -> str:
        """The address of the discovery document."""
        return f"{self.issuer}.well-known/openid-configuration"

    def world(self, name: str) -> "Vipps":
        """Return a world with its own issuer, keys and persons; the simulator creates it at its first use."""
        return Vipps(f"{self.url}/w/{name}", self.client_id, self.client_secret, self._control_token)

    def log_in(self, authorization_url: str, person: str = "kari", **script: Any) -> str:
        """Log a person in without screens; return the redirect to the merchant's callback.

        `script`: `action="deny"`, `faults={"id_token": {"aud": "another"}}`, `consents={"email": True}` and more.
        """
        body = {"authorization_url": authorization_url, "person": person, **script}
        return str(self.control("POST", "authorize", body)["location"])

    def person(self, like: str = "kari", **changes: Any) -> dict[str, Any]:
        """Add a person like another one, with their own number and address; `simulate` makes their logins fail."""
        return dict(self.control("POST", "persons", {"like": like, **changes}))

    def change(self, person: str, **changes: Any) -> dict[str, Any]:
        """Change a person."""
        return dict(self.control("PATCH", f"persons/{person}", changes))

    def last_request(self) -> int:
        """Return the number of the last call to a protocol endpoint; `wait_for` waits for later calls."""
        return max((call["id"] for call in self.control("GET", "requests")["requests"]), default=0)

    def wait_for(self, endpoint: str, after: int = 0, seconds: float = 10) -> dict[str, Any]:
        """Wait for a call to an endpoint (`authorize`, `token`, `userinfo`, …); raise TimeoutError without one."""
        query = urlencode({"after": after, "endpoint": endpoint, "wait": seconds})
        for call in self.control("GET", f"requests?{query}")["requests"]:
            if call["endpoint"] == endpoint:
                return dict(call)
        raise TimeoutError(f"no call to {endpoint} within {seconds} seconds")

    def set_clock(self, stopped_at: str | None = None, ahead: float = 0) -> None:
        """Stop the clock, set it ahead by seconds, or make it the real one."""
        self.control("PUT", "clock", {"stopped_at": stopped_at, "ahead": ahead})

    def snapshot(self) -> dict[str, Any]:
        """Return all data of this world."""
        return dict(self.control("GET", "snapshot"))

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Replace all data of this world by that of a snapshot."""
        self.control("PUT", "snapshot", snapshot)

    def reset(self) -> None:
        """Delete all logins and undo all changes."""
        self.control("POST", "reset", {})

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Call the control API; raise ValueError with its message if it refuses."""
        headers = {"Content-Type": "application/json"}
        if self._control_token:
            headers["Authorization"] = f"Bearer {self._control_token}"
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.url}/control/{path}", data, headers, method=method)  # noqa: S310 - the simulator's
        try:
            with urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
                return json.load(answer)
        except HTTPError as error:
            with error:
                raise ValueError(f"{method} {path}: {error.code} {error.read().decode()}") from None
