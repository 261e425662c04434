"""The last filter before a log line: by name, by shape, and without the texts of exceptions."""

import json
import logging
import secrets
import time
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.log_events import EVENTS
from app.logging import log
from app.redaction import LONGEST, MASK, _without_named, _without_shapes, cleaned, is_masked, redact
from app.vipps.errors import REFUSALS, Refusal
from tests.conftest import browser_of

UUID = "ecfe0b85-94c3-41c1-8744-882c19cf8f4c"
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJlLW9mLWl0"


def lines(captured: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Return the lines that were logged."""
    return [json.loads(line) for line in captured.readouterr().err.splitlines()]


@pytest.mark.parametrize(
    "name",
    ["code", "state", "nonce", "access_token", "id-token", "clientSecret", "Password", "Authorization", "Set-Cookie",
     "code_verifier", "email", "phone_number", "given_name", "street_address", "sub", "nin", "csrf_token", "url",
     "username", "firstname", "lastName", "postcode", "sessionid", "msisdn", "user_id", "birthDate", "APIToken",
     "formatted", "region", "locality", "address2", "parameters"],
)  # fmt: skip
def test_a_value_of_such_a_name_is_masked_however_deep_it_is(name: str) -> None:
    line = redact(None, "info", {"event": "x", name: "odd", "deep": [{name: "odd", "status": 200}]})
    assert line == {"event": "x", name: MASK, "deep": [{name: MASK, "status": 200}]}


@pytest.mark.parametrize("name", ["status", "refusal", "route", "outcome", "customer", "encoded", "stated", "emailed"])
def test_other_names_are_not(name: str) -> None:
    assert not is_masked(name)


@pytest.mark.parametrize(
    "value",
    [
        JWT,
        JWT.rpartition(".")[0],
        "Bearer opaque.access-token",
        "basic dXNlcjpwYXNzd29yZA==",
        "kari.nordfjell+shop@mail.example.com",
        "ODWTp9A7KaHQ8hIAb9KBCsgzoTVdZ5T6E0jx9ikxZpg",
        "660169cc1a9dacce17edd00d384fd2cfc1a7325d68f9112181c4468bbe6ead25",
        UUID,
        "4790000011",
        "+47 900 00 011",
        "0047 90 00 00 11",
        "90000011",
    ],
)
def test_a_value_of_such_a_shape_is_masked_wherever_it_stands(value: str) -> None:
    assert cleaned(value) == MASK
    assert value not in cleaned(f"https://x.example/y?z={value}&w=1, ({value})")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("refused with code=ab/cd by Vipps", f"refused with code={MASK} by Vipps"),
        ("code: ab, status: 400", f"code: {MASK}, status: 400"),
        ('{"email": "kari at example", "status": 400}', f'{{"email": {MASK}, "status": 400}}'),
        ("{'given_name': 'Kari Anne'}", f"{{'given_name': {MASK}}}"),
        ("name=Kari Nordfjell was here", f"name={MASK} was here"),
        ("a=b&auth-code=x&c=d", f"a=b&auth-code={MASK}&c=d"),
        ("Authorization: Bearer abc", f"Authorization: {MASK}"),
        ("code='cut o", f"code={MASK}"),
        ("detail: code=x", f"detail: code={MASK}"),
        ("password=b'hunter2 secret' at", f"password={MASK} at"),
        ("password:  hunter2 at", f"password:  {MASK} at"),
        ('password="a\\"b c", at', f"password={MASK}, at"),
        ("name='O''Brien of it' at", f"name={MASK} at"),
        ("names=['Kari', 'Nordmann']", f"names={MASK}"),
        ("address: {'formatted': 'Storgata 1', 'x': 'Bergen'}", f"address: {MASK}"),
        ("(address=Address(formatted='Storgata 1', x='Bergen'))", f"(address={MASK}"),
        ("email=<kari nordmann>", f"email={MASK}"),
        ("email=(kari\nnordmann)", f"email={MASK}"),
        ('{\\"name\\": \\"kari nordmann\\"}', f'{{\\"name\\": {MASK}'),
        ('"name" => "kari nordmann", name == "kari nordmann"', f'"name" => {MASK}, name == {MASK}'),
        ("Key (name)=(Kari Nordmann) already exists", f"Key (name)={MASK}"),
        ("Key (lower(email::text), id)=(kari nordmann, 3) exists", f"Key (lower(email::{MASK}, id)={MASK}"),
        ("Failing row contains (3, Kari Nordmann)", f"Failing row contains {MASK}"),
        ("birthDate=1990-01-01", f"birthDate={MASK}"),
        ("APIToken=foo", f"APIToken={MASK}"),
        ("email=kari@example.com, status 400", f"email={MASK}, status 400"),
    ],
)
def test_a_value_behind_such_a_name_in_a_text_is_masked(text: str, told: str) -> None:
    assert cleaned(text) == told


def test_what_stands_as_the_event_is_masked_unless_it_is_one() -> None:
    for event in EVENTS:
        assert redact(None, "info", {"event": event}) == {"event": event}
    for text, told in (("code=ab of kari@example.com", f"code={MASK} of {MASK}"), ("login.refused", "login.refused")):
        assert redact(None, "info", {"event": text}) == {"event": told}
    assert redact(None, "info", {"event": [UUID]}) == {"event": [MASK]}


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS)
def test_a_refusals_name_and_its_cause_stay_as_they_are(refusal: Refusal) -> None:
    line = {"event": "vipps_login_refused", "refusal": refusal.code, "cause": refusal.cause}
    assert redact(None, "info", dict(line)) == line


def test_a_value_that_is_a_name_inside_is_masked() -> None:
    assert redact(None, "info", {"event": "x", "by": {"kari@example.com": 1}}) == {"event": "x", "by": {MASK: 1}}


def test_the_query_of_an_address_is_masked() -> None:
    assert cleaned("GET /callback?code=ab%2Fcd&state=ef HTTP/1.1") == f"GET /callback?{MASK} HTTP/1.1"


@pytest.mark.parametrize(
    "text",
    [
        "K7QF-2M9D",
        "status 503, invalid_grant",
        "waited for provider",
        "/webhooks/vipps/consent-revoked/<token>",
        "/usr/lib/python3.11/json/decoder.py:355 raw_decode: raise JSONDecodeError",
        "tests.test_redaction:test_what_an_operator_has_to_read_stays_as_it_is",
        "2026-11-25T12:00:00.123456Z",
        "took 12.5 ms of 5000",
        "Wrong VIPPS_CLIENT_ID or VIPPS_CLIENT_SECRET, keys of the other environment",
        "refusal: state_unknown, status=400, encoded: yes",
    ],
)
def test_what_an_operator_has_to_read_stays_as_it_is(text: str) -> None:
    assert cleaned(text) == text


@pytest.mark.parametrize(
    "letter",
    ["a", "A", "-", "1", "=", "?", "@a.", "eyJ", "-eyJaaaaa", " 1", "code=", "code:A A ", 'a:"', "code='",
     "a ", "a)", "code=\\\"", "code=''", "code=(", ")=(", "code  ", "b'"],
)  # fmt: skip
def test_a_long_text_takes_no_long_time(letter: str) -> None:
    started = time.process_time()
    _without_named(_without_shapes(letter * 50_000))
    assert time.process_time() - started < 2


def test_a_giant_text_is_cut_before_it_is_looked_at(client: FlaskClient, capsys: pytest.CaptureFixture[str]) -> None:
    started = time.process_time()
    for text in ("a.b@" * 5_000_000, "code=x " * 3_000_000):
        logging.getLogger("a.library").warning(text)
    assert time.process_time() - started < 1  # to look at all of it takes half a minute
    assert [len(each["says"]) <= 500 for each in lines(capsys)] == [True, True]


def test_no_part_of_a_secret_passes_at_the_cut() -> None:
    for text in (f"{'Q' * 60} " * 300, f"{'+4790000011 ' * 900}"):
        assert set(cleaned(text[:LONGEST] + text).split()) == {MASK}
    assert cleaned("Q" * LONGEST * 2) == MASK


def test_an_object_is_named_by_its_type(client: FlaskClient, capsys: pytest.CaptureFixture[str]) -> None:
    log.info("request", thing=Exception("Kari Nordfjell"), things=[b"odd"])
    (line,) = lines(capsys)
    assert (line["thing"], line["things"]) == ("(Exception)", ["(bytes)"])


def test_a_long_text_is_masked_before_it_is_cut(client: FlaskClient, capsys: pytest.CaptureFixture[str]) -> None:
    secret = "Q" + secrets.token_urlsafe(32)
    log.info("request", detail="x " * 240 + secret)
    assert secret[:15] not in capsys.readouterr().err


def test_a_trace_says_where_and_what_kind_and_quotes_nothing(
    client: FlaskClient, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        try:
            {}["Kari Nordfjell"]
        except KeyError as error:
            error.add_note("Bryggen 3")
            raise ValueError("no such person: Kari Nordfjell") from error
    except ValueError:
        log.exception("unexpected_error")
    (line,) = lines(capsys)
    assert "builtins.ValueError" in line["exception"]
    assert "builtins.KeyError" in line["exception"]
    assert "test_redaction.py" in line["exception"]
    told = line["exception"].replace('{}["Kari Nordfjell"]', "").replace('"no such person: Kari Nordfjell"', "")
    assert "Kari" not in told, "beyond the source's own lines"
    assert "Bryggen" not in told.replace('error.add_note("Bryggen 3")', "")


def test_a_page_that_breaks_leaves_a_trace_without_values(
    client: FlaskClient, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("".join(["Ka", "ri"]))

    monkeypatch.setitem(client.application.view_functions, "login.page", broken)
    assert client.get("/login").status_code == 500
    (line,) = [each for each in lines(capsys) if each["event"] == "unexpected_error"]
    assert "RuntimeError" in line["exception"]
    assert "Kari" not in line["exception"]


def test_what_a_library_logs_is_a_line_of_ours_without_its_values(
    client: FlaskClient, capsys: pytest.CaptureFixture[str]
) -> None:
    library = logging.getLogger("a.library")
    library.warning("Row %r of %s", ("Kari Nordfjell", "Bryggen 3"), "customer")
    library.error("cannot reach kari@example.com")
    told = [(each["event"], each["library"], each["level"], each["says"]) for each in lines(capsys)]
    assert told == [
        ("library_message", "a.library", "warning", "Row %r of %s"),
        ("library_message", "a.library", "error", f"cannot reach {MASK}"),
    ]


def test_building_shops_again_does_not_write_twice(make_app: Any, capsys: pytest.CaptureFixture[str]) -> None:
    make_app()
    make_app()
    logging.getLogger("a.library").warning("once")
    assert len(lines(capsys)) == 1


@pytest.mark.parametrize(
    ("proxies", "sent", "kept"),
    [
        ("1", "0af7651916cd43dd8448eb211c80319c", True),
        ("1", UUID, True),
        ("0", "0af7651916cd43dd8448eb211c80319c", False),
        ("1", "short", False),
        ("1", "x" * 65, False),
        ("1", 'a"b{c}d:e,f', False),
    ],
)
def test_an_id_of_the_request_is_taken_from_a_trusted_proxy_only(
    make_app: Any, capsys: pytest.CaptureFixture[str], proxies: str, sent: str, kept: bool
) -> None:
    browser_of(make_app(TRUSTED_PROXIES=proxies)).get("/healthz", headers={"X-Request-Id": sent})
    (line,) = lines(capsys)
    assert line.get("request_id") == (sent if kept else None)
    assert len(line["reference"]) == 9
