"""The relying party under test, with checks after each case: is a customer logged in, and did a refusal leave data?"""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import select

from app.database import Base, db
from app.vipps.errors import REFUSALS
from tests.conformance.cases import Case
from tests.conformance.op import CLIENT_SECRET, PERSON, OpenIDProvider
from tests.provider import ACCESS_TOKEN, TOKEN_PATH
from tests.vipps.flow import logged_in, refusal
from tests.vipps_person import VippsPerson

# Tables that a refusal may change: the login attempt, and the error report behind the reference number.
MAY_CHANGE = {"login_attempt", "error_report"}
TABLES = sorted({table.name for table in Base.metadata.sorted_tables} - MAY_CHANGE)
CHECKED: set[str] = set()  # refusals whose whole page has been checked


@dataclass
class RelyingParty(VippsPerson):
    """A shop, its visitor's browser, a provider that can misbehave, and the current case."""

    op: OpenIDProvider = field(default_factory=OpenIDProvider)
    case: Case = field(default_factory=lambda: Case("", "", ""))
    output: pytest.CaptureFixture[str] | None = None
    seen: set[str] = field(default_factory=set)

    def approve(self, authorization_url: str, person: str = "", **answer: Any) -> str:
        """Approve the login at the provider as a subject; return the callback's path and query."""
        return self.op.authorize(authorization_url, person, **answer)

    def log_in(self, person: str = "", next_path: str = "/", browser: Any = None) -> Any:
        """Log in; return the callback's response, or the response of the start if the start is refused."""
        begun = (browser or self.browser).get("/login/vipps", query_string={"next": next_path})
        if begun.status_code != 302:
            return begun
        return (browser or self.browser).get(self.approve(begun.headers["Location"], person))

    def come_back(self, **answer: Any) -> Any:
        """Begin a login, and send its callback with a changed response."""
        return self.browser.get(self.approve(self.start(), **answer))

    def is_in(self, response: Any, leads_to: str = "/") -> None:
        """Check that a login succeeded, and that the redirect's URL has no code and no state (RFC 9700, 4.2.4)."""
        assert (response.status_code, response.headers.get("Location")) == (303, leads_to), response.text
        assert response.headers["Cache-Control"] == "no-store"
        assert logged_in(self)
        self.seen.add("")

    def is_refused(self, response: Any = None, code: str = "", next_one_works: bool = True) -> None:
        """Log in, or use the given response, and check that the login is refused as the case expects.

        A refusal leaves no session, no row, and no secret on the page or in the log. The browser can log in afterwards.
        """
        code = code or self.case.refusal
        before = self.rows_at_rest()
        response = response if response is not None else self.log_in()
        self.is_page_of(code, response)
        assert self.rows_at_rest() == before
        line, log = self.refusal_line()
        assert line["refusal"] == code, line
        assert line["reference"] in response.text
        for secret in self.secrets():
            assert secret not in response.text
            assert secret not in log
        self.seen.add(code)
        if next_one_works:
            self.op.behave()
            assert self.log_in().status_code == 303

    def is_page_of(self, code: str, response: Any) -> None:
        """Check the page of a refusal: the whole page for the first of each kind, then only its heading."""
        title = REFUSALS[code].page.title % {"brand": "Vipps"}
        assert response.status_code == REFUSALS[code].status
        if code in CHECKED:
            assert f"<h1>{title}</h1>" in response.text
            assert not logged_in(self)
        else:
            assert refusal(self, response) == title
            CHECKED.add(code)

    def refusal_line(self) -> tuple[dict[str, Any], str]:
        """Return the last refusal's log line, and the whole log."""
        assert self.output
        log = self.output.readouterr().err
        return [json.loads(line) for line in log.splitlines() if "vipps_login_refused" in line][-1], log

    def secrets(self) -> list[str]:
        """Return the values that no page and no log may contain: codes, states, tokens, secrets and personal data."""
        requests = [request[name] for request in self.op.requests for name in ("state", "nonce")]
        verifiers = [form["code_verifier"][0] for _, path, _, form in self.op.seen if path == TOKEN_PATH]
        person = [str(PERSON[name]) for name in ("name", "email", "phone_number")]
        tokens = [token for token in self.op.id_tokens if len(token) > 20]
        return [ACCESS_TOKEN, CLIENT_SECRET, self.op.subject, *self.op.grants, *requests, *verifiers, *tokens, *person]

    def rows_at_rest(self) -> dict[str, list[Any]]:
        """Return the rows of every table that a refusal may not change."""
        with self.app.app_context():
            run = db.session.connection().exec_driver_sql
            return {name: [tuple(row) for row in run(f'SELECT * FROM "{name}"')] for name in TABLES}

    def table(self, model: Any) -> list[Any]:
        with self.app.app_context():
            return list(db.session.scalars(select(model)))
