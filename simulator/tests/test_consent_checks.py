"""Invalid configurations are refused when they are saved, with a message that names the mistake."""

from typing import Any

import pytest

from ..consents.checks import check_consents, check_flow, check_url
from ..consents.defaults import DEFAULT_CONSENTS, DEFAULT_FLOW

LONG = "x" * 5000


def flow(**element: Any) -> dict[str, Any]:
    """Return a flow of one screen and one checkbox."""
    whole = {"id": "x", "title": "X", "required": True, **element}
    whole = {name: value for name, value in whole.items() if value is not ...}
    return {"version": 1, "screens": [{"title": "T", "description": "", "elements": [whole]}]}


def screen(**members: Any) -> dict[str, Any]:
    """Return a flow of one screen without checkboxes."""
    whole = {"title": "T", "description": "D", "elements": [], **members}
    return {"version": 1, "screens": [{name: value for name, value in whole.items() if value is not ...}]}


def test_defaults_are_possible() -> None:
    check_consents(DEFAULT_CONSENTS)
    check_flow(DEFAULT_FLOW)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"consents": [{"id": "fax", "required": True}]}, "'fax' is none of"),
        ({"consents": [{"id": "email", "required": "yes"}]}, "true or false"),
        ({"consents": [{"id": "email"}]}, "required missing"), ({"consents": [{"required": True}]}, "id missing"),
        ({"consents": ["email"]}, "must be an object"), ({"consents": []}, "a list of 1 to 4"),
        ({"consents": "email"}, "a list of 1 to 4"),
        ({"consents": [{"id": "sms", "required": False}] * 2}, "'sms' is used twice"),
        ({"heading": {"en": " "}}, "needs a text"), ({"heading": {"de": "Hallo"}}, "'de' is none of"),
        ({"heading": 7}, "must be a text"), ({"heading": {"en": None}}, "must be a text"),
        ({"heading": "x" * 151}, "longer than 150"), ({"text": LONG}, "longer than 1500"),
        ({"text": "a\0b"}, "not allowed"), ({"version": "1"}, "whole number"), ({"version": True}, "whole number"),
    ],
)  # fmt: skip
def test_impossible_consents(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        check_consents({**DEFAULT_CONSENTS, **changes})


@pytest.mark.parametrize("member", ["version", "heading", "text", "termsDescription", "consents"])
def test_consents_need_every_member(member: str) -> None:
    with pytest.raises(ValueError, match=f"{member} missing"):
        check_consents({name: value for name, value in DEFAULT_CONSENTS.items() if name != member})


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"version": 1}, "screens missing"), ({"version": 1, "screens": []}, "a list of 1 to 6"),
        ({"version": 1, "screens": [{}] * 7}, "a list of 1 to 6"),
        ({"version": 1, "screens": [None]}, "must be an object"), ({"version": "x", "screens": [{}]}, "whole number"),
        (screen(title=...), "title missing"), (screen(title=""), "needs a text"),
        (screen(description=...), "description missing"), (screen(elements=...), "elements missing"),
        (screen(elements=[{}] * 11), "a list of 0 to 10"),
        (screen(links=[{"title": "L", "url": "javascript:alert(1)"}]), "must be an address"),
        (screen(links=[{"title": "L", "url": "/terms"}]), "must be an address"),
        (screen(links=[{"title": "L"}]), "url missing"),
        (screen(links=[{"title": "", "url": "{terms_url}"}]), "needs a text"),
        (screen(links=[{"title": "L", "url": "{terms_url}"}] * 6), "a list of 0 to 5"), (flow(id=...), "id missing"),
        (flow(title=...), "title missing"), (flow(required=...), "required missing"),
        (flow(required=1), "true or false"), (flow(id=""), "an id has letters"),
        (flow(id="with blank"), "an id has letters"), (flow(id="x" * 65), "an id has letters"),
        (flow(id=7), "an id has letters"), (flow(readMore={"title": "More"}), "description missing"),
        (flow(readMore={"title": "", "description": "D"}), "readMore.title: needs a text"),
        (flow(readMore="more"), "must be an object"),
    ],
)  # fmt: skip
def test_impossible_flows(config: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        check_flow(config)


def test_an_id_is_used_once_in_the_whole_flow() -> None:
    twice = [*flow()["screens"], *flow()["screens"]]
    with pytest.raises(ValueError, match="'x' is used twice"):
        check_flow({"version": 1, "screens": twice})


@pytest.mark.parametrize(
    "url", ["{terms_url}", "{privacy_url}", "https://example.com/a?b=c", "http://localhost:8000/x"]
)
def test_possible_links(url: str) -> None:
    check_flow(screen(links=[{"title": "L", "url": url}]))


@pytest.mark.parametrize(
    "url",
    [
        "", "example.com", "//example.com", "ftp://example.com", "data:text/html,x", "https://", "https://a b",
        "https://[x", f"https://x/{LONG}", None,
    ],
)  # fmt: skip
def test_impossible_addresses(url: object) -> None:
    with pytest.raises(ValueError, match="terms_url"):
        check_url("terms_url", url)
