"""The relying party under test, with what is asked after every case: who is in, and is nothing left behind?"""

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

# What a refusal may write: that a login was begun and is over, and what its reference number stands for.
MAY_CHANGE = {"login_attempt", "error_report"}
TABLES = sorted({table.name for table in Base.metadata.sorted_tables} - MAY_CHANGE)
SOUND: set[str] = set()  # refusals whose page has been checked whole


@dataclass
class RelyingParty(VippsPerson):
    """A shop, a browser in front of it, a provider to bend, and the case that is being tried."""

    op: OpenIDProvider = field(default_factory=OpenIDProvider)
    case: Case = field(default_factory=lambda: Case("", "", ""))
    output: pytest.CaptureFixture[str] | None = None
    seen: set[str] = field(default_factory=set)

    def approve(self, authorization_url: str, person: str = "", **answer: Any) -> str:
        """Approve at the provider as a subject; returns the callback's path and query."""
        return self.op.authorize(authorization_url, person, **answer)

    def log_in(self, person: str = "", next_path: str = "/", browser: Any = None) -> Any:
        """Log in from the button to the page that follows; returns the callback's response, or the start's refusal."""
        begun = (browser or self.browser).get("/login/vipps", query_string={"next": next_path})
        if begun.status_code != 302:
            return begun
        return (browser or self.browser).get(self.approve(begun.headers["Location"], person))

    def come_back(self, **answer: Any) -> Any:
        """Begin a login and come back with a bent response."""
        return self.browser.get(self.approve(self.start(), **answer))

    def is_in(self, response: Any, leads_to: str = "/") -> None:
        """Check that a login succeeded, and that the browser is led on without code or state (RFC 9700, 4.2.4)."""
        assert (response.status_code, response.headers.get("Location")) == (303, leads_to), response.text
        assert response.headers["Cache-Control"] == "no-store"
        assert logged_in(self)
        self.seen.add("")

    def is_refused(self, response: Any = None, code: str = "", next_one_works: bool = True) -> None:
        """Log in, or take the answer given, and check that it is refused as the case says, and leaves nothing behind.

        A session, a row, a secret on the page or in the log would fail it; and afterwards the same browser can log in.
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
        """Check the page of a refusal: the first of each whole, the others by what can differ."""
        title = REFUSALS[code].page.title % {"brand": "Vipps"}
        assert response.status_code == REFUSALS[code].status
        if code in SOUND:
            assert f"<h1>{title}</h1>" in response.text
            assert not logged_in(self)
        else:
            assert refusal(self, response) == title
            SOUND.add(code)

    def refusal_line(self) -> tuple[dict[str, Any], str]:
        """Return the log's last refusal, and all that was logged."""
        assert self.output
        log = self.output.readouterr().err
        return [json.loads(line) for line in log.splitlines() if "vipps_login_refused" in line][-1], log

    def secrets(self) -> list[str]:
        """Return what must stand on no page and in no log: codes, states, tokens, secrets and who the person is."""
        requests = [request[name] for request in self.op.requests for name in ("state", "nonce")]
        verifiers = [form["code_verifier"][0] for _, path, _, form in self.op.seen if path == TOKEN_PATH]
        person = [str(PERSON[name]) for name in ("name", "email", "phone_number")]
        tokens = [token for token in self.op.id_tokens if len(token) > 20]
        return [ACCESS_TOKEN, CLIENT_SECRET, self.op.subject, *self.op.grants, *requests, *verifiers, *tokens, *person]

    def rows_at_rest(self) -> dict[str, list[Any]]:
        """Return everything the shop keeps, table by table."""
        with self.app.app_context():
            run = db.session.connection().exec_driver_sql
            return {name: [tuple(row) for row in run(f'SELECT * FROM "{name}"')] for name in TABLES}

    def table(self, model: Any) -> list[Any]:
        with self.app.app_context():
            return list(db.session.scalars(select(model)))
