"""The log: only listed fields, one short line per value, exceptions and library messages without their values."""

import json
import logging
import time
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.logging import MAX_ITEMS, MAX_VALUE, NOT_LISTED, keep_listed_fields, log
from tests.conftest import browser_of

UUID = "ecfe0b85-94c3-41c1-8744-882c19cf8f4c"


def lines(captured: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in captured.readouterr().err.splitlines()]


def kept(**line: Any) -> dict[str, Any]:
    return dict(keep_listed_fields(None, "info", line))


def test_a_field_that_the_event_does_not_list_is_dropped() -> None:
    line = kept(event="logged_in", customer=3, method="vipps", email="kari@example.com", code="abc", route="/")
    assert line == {"event": "logged_in", "customer": 3, "method": "vipps"}


def test_an_event_that_is_not_listed_is_not_written() -> None:
    for event in ("code=ab of kari@example.com", "login.refused", None, [UUID], {"a": 1}):
        line = kept(event=event, customer=3, level="info", reference="K7QF-2M9D")
        assert line == {"event": NOT_LISTED, "level": "info", "reference": "K7QF-2M9D"}


def test_a_value_is_one_short_line() -> None:
    line = kept(event="vipps_login_refused", detail="a\nb\r\nc\u2028d" + "y" * 5000, cause="x\ny")
    assert line["detail"].startswith("a b c dy")
    assert len(line["detail"]) <= MAX_VALUE
    assert line["cause"] == "x y"


def test_a_list_is_bounded_and_every_item_is_one_short_line() -> None:
    (problems,) = [kept(event="claims_unreadable", problems=["a\nb" + "y" * 5000] * 1000)["problems"]]
    assert len(problems) == MAX_ITEMS
    assert all(each.startswith("a by") and len(each) <= MAX_VALUE for each in problems)
    assert kept(event="claims_unreadable", problems=(["deep"], {"a": 1}))["problems"] == ["(list)", "(dict)"]
    for value in (Exception("Kari Nordfjell"), b"Kari", {"name": "Kari"}):
        assert kept(event="vipps_login_refused", detail=value)["detail"] == f"({type(value).__name__})"


def test_a_traceback_has_types_and_places_and_no_values(
    client: FlaskClient, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        try:
            {}["Kari Nordfjell"]
        except KeyError as error:
            error.add_note("Bryggen 3")
            raise ValueError("unknown person: Kari Nordfjell") from error
    except ValueError:
        log.exception("unexpected_error")
    (line,) = lines(capsys)
    assert "builtins.ValueError" in line["exception"]
    assert "builtins.KeyError" in line["exception"]
    assert "test_logging.py" in line["exception"]
    written = line["exception"].replace('{}["Kari Nordfjell"]', "").replace('"unknown person: Kari Nordfjell"', "")
    assert "Kari" not in written, "except in the lines of the source"
    assert "Bryggen" not in written.replace('error.add_note("Bryggen 3")', "")
    log.error("unexpected_error", exception="Kari", exc_info="Kari")
    assert "exception" not in lines(capsys)[0], "a text instead of an exception is dropped"


def test_of_a_library_message_only_the_template_is_logged(
    client: FlaskClient, capsys: pytest.CaptureFixture[str]
) -> None:
    library = logging.getLogger("a.library")
    library.warning("Row %r of %s", ("Kari Nordfjell", "Bryggen 3"), "customer")
    library.error("cannot reach kari@example.com")
    library.error(ValueError("kari@example.com"))
    found = lines(capsys)
    assert [(each["event"], each["library"], each["level"], each["says"]) for each in found] == [
        ("library_message", "a.library", "warning", "Row %r of %s"), ("library_message", "a.library", "error", ""),
        ("library_message", "a.library", "error", ""),
    ]  # fmt: skip
    assert all("test_logging.py:" in each["at"] for each in found)


def test_a_giant_library_message_costs_no_time(client: FlaskClient, capsys: pytest.CaptureFixture[str]) -> None:
    template = "code=x " * 3_000_000 + "%s"
    started = time.process_time()
    logging.getLogger("a.library").warning(template, "a")
    assert time.process_time() - started < 1
    assert [len(each["says"]) <= MAX_VALUE for each in lines(capsys)] == [True]


def test_building_shops_again_does_not_write_twice(make_app: Any, capsys: pytest.CaptureFixture[str]) -> None:
    make_app()
    make_app()
    logging.getLogger("a.library").warning("once")
    assert len(lines(capsys)) == 1


def test_a_method_unknown_to_http_is_not_logged(client: FlaskClient, capsys: pytest.CaptureFixture[str]) -> None:
    client.open("/", method="KARI")
    assert [each["method"] for each in lines(capsys) if each["event"] == "request"] == ["(other)"]


@pytest.mark.parametrize(
    ("proxies", "sent", "taken"),
    [
        ("1", "0af7651916cd43dd8448eb211c80319c", True), ("1", UUID, True),
        ("0", "0af7651916cd43dd8448eb211c80319c", False), ("1", "short", False), ("1", "x" * 65, False),
        ("1", 'a"b{c}d:e,f', False),
    ],
)  # fmt: skip
def test_the_id_of_a_request_is_taken_from_a_trusted_proxy_only(
    make_app: Any, capsys: pytest.CaptureFixture[str], proxies: str, sent: str, taken: bool
) -> None:
    browser_of(make_app(TRUSTED_PROXIES=proxies)).get("/healthz", headers={"X-Request-Id": sent})
    (line,) = lines(capsys)
    assert line.get("request_id") == (sent if taken else None)
    assert len(line["reference"]) == 9
