"""Consent answers in both shapes: valid answers, and malformed answers that never become a yes."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.vipps.consents import MAX_ITEMS, MAX_PROBLEMS, parse
from app.vipps.sanitize import MAX_SNAPSHOT_CHARACTERS

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
AT = "2026-10-14T09:31:05Z"
D, F = "delegatedConsents", "flowResult"

# The documented sample, whose one key has a leading blank (Vipps: merchant-initiated login integration).
SAMPLE = {
    "language": "EN", "heading": "Stay in touch", "text": "Choose what you want.",
    " termsDescription": "You can withdraw at any time.", "confirmConsentButtonText": "Confirm",
    "links": {
        "termsLinkText": "Terms", "termsLinkUrl": "https://example.com/terms",
        "privacyStatementLinkText": "Privacy", "privacyStatementLinkUrl": "https://example.com/privacy",
    },
    "timeOfConsent": "2022-11-23T11:40:13Z",
    "consents": [
        {"id": "email", "accepted": True, "required": True, "textDisplayedToUser": "Receive offers via email"},
        {"id": "sms", "accepted": False, "required": False, "textDisplayedToUser": "Receive offers via SMS"},
    ],
}  # fmt: skip
FLOW_SAMPLE = {
    "language": "NO",
    "screens": [
        {
            "title": "Extra consent", "description": "Accept terms and conditions",
            "terms": {"links": [{"title": "Terms of Service", "url": "https://example.com/terms"}]},
            "elements": [
                {
                    "type": "checkbox", "id": "cf_accept_terms", "title": "Accept T&C", "checked": True,
                    "required": True,
                    "readMore": {"title": "Read more", "description": "Details about the custom flow"},
                },
                {"type": "image", "url": "https://example.com/a.png"},
            ],
        },
        {
            "title": "More",
            "elements": [{"type": "checkbox", "id": "email", "title": "Emails", "checked": False, "required": False}],
        },
    ],
    "timeOfConsent": "2026-01-17T09:31:00Z",
}  # fmt: skip


def item(consent_id: object = "email", accepted: object = True, **rest: object) -> dict[str, Any]:
    """Return one consent of `delegatedConsents`; a member that is `...` is left out."""
    whole = {"id": consent_id, "accepted": accepted, "required": False, "textDisplayedToUser": "By email", **rest}
    return {name: value for name, value in whole.items() if value is not ...}


def box(consent_id: object = "email", checked: object = True, **rest: object) -> dict[str, Any]:
    whole = {"type": "checkbox", "id": consent_id, "checked": checked, "required": False, "title": "By email", **rest}
    return {name: value for name, value in whole.items() if value is not ...}


def delegated(*items: object, **rest: object) -> dict[str, Any]:
    """Return claims with a `delegatedConsents` object."""
    whole = {"language": "EN", "heading": "Stay in touch", "timeOfConsent": AT, "consents": list(items), **rest}
    return {D: {name: value for name, value in whole.items() if value is not ...}}


def flow(*elements: object, screen: dict[str, Any] | None = None, **rest: object) -> dict[str, Any]:
    """Return claims with a `flowResult` object of one screen."""
    one = {"title": "Club", "elements": list(elements), **(screen or {})}
    return {F: {"language": "EN", "timeOfConsent": AT, "screens": [one], **rest}}


def said(claims: dict[str, Any]) -> tuple[dict[str, bool], tuple[str, ...]]:
    """Return the parsed answers by id, and the problems."""
    answers, problems = parse(claims, NOW)
    return {answer.id: answer.granted for answer in answers}, problems


def test_the_documented_object_is_read_completely() -> None:
    (email, sms), problems = parse({D: SAMPLE}, NOW)
    assert problems == ()
    assert (email.id, email.granted, email.required, email.text) == ("email", True, True, "Receive offers via email")
    assert (sms.id, sms.granted, sms.required) == ("sms", False, False)
    assert (email.heading, email.language) == ("Stay in touch", "en")
    assert email.description == "Choose what you want.\nYou can withdraw at any time."
    assert email.links == (("Terms", "https://example.com/terms"), ("Privacy", "https://example.com/privacy"))
    assert email.given_at == datetime(2022, 11, 23, 11, 40, 13, tzinfo=UTC)
    assert email.evidence == sms.evidence == SAMPLE


def test_the_text_is_optional_and_the_clean_name_is_read_too() -> None:
    whole = {name: value for name, value in SAMPLE.items() if name not in ("text", " termsDescription")}
    (email, _sms), problems = parse({D: {**whole, "termsDescription": "Clean."}}, NOW)
    assert (email.description, problems) == ("Clean.", ())


def test_a_flow_result_gives_the_same_answers() -> None:
    (terms, email), problems = parse({F: FLOW_SAMPLE}, NOW)
    assert problems == ()
    assert (terms.id, terms.granted, terms.required, terms.text) == ("cf_accept_terms", True, True, "Accept T&C")
    assert (terms.heading, terms.language) == ("Extra consent", "no")
    assert terms.description == "Accept terms and conditions\nRead more\nDetails about the custom flow"
    assert terms.links == (("Terms of Service", "https://example.com/terms"),)
    assert (email.id, email.granted, email.heading, email.description, email.links) == ("email", False, "More", "", ())
    assert terms.given_at == datetime(2026, 1, 17, 9, 31, tzinfo=UTC)
    assert terms.evidence == FLOW_SAMPLE


def test_an_absent_object_gives_no_answer() -> None:
    assert parse({}) == parse({D: None, F: None}) == ((), ())


def test_unknown_members_are_kept_in_the_evidence_and_unknown_questions_as_they_came() -> None:
    (answer,), problems = parse(delegated(item("fax", new={"a": [1, None]}), version=7), NOW)
    assert (answer.id, answer.granted, problems) == ("fax", True, ())
    assert (answer.evidence["version"], answer.evidence["consents"][0]["new"]) == (7, {"a": [1, None]})


TEXT = "textDisplayedToUser"
# Malformed first answers, by the place in `problems`. The valid answer beside each one is kept.
MALFORMED: dict[str, list[dict[str, Any]]] = {
    "consents[0].accepted": [
        delegated(item(accepted=value), item("sms")) for value in ("true", 1, None, ..., [True], {"value": True})
    ],
    "consents[0].id": [
        delegated(item(value), item("sms")) for value in (..., 7, "", "email ", "em\u200bail", "e" * 101)
    ],
    f"consents[0].{TEXT}": [
        delegated(item(**{TEXT: value}), item("sms")) for value in (..., " ", ["a"], "x" * 2001)
    ],
    "consents[0].required": [delegated(item(required="no"), item("sms"))],
    "consents[0]": [delegated(value, item("sms")) for value in (None, "email", ["email", True])],
    "consents[1].accepted": [delegated(item(), item(accepted="true"), item("sms"))],  # malformed repeat
    "elements[0].checked": [
        flow(box(checked="true"), box("sms")), flow(box(checked=..., accepted=True), box("sms")),
    ],
    "elements[0].type": [flow(box(type=...), box("sms")), flow(box(type="radio"), box("sms"))],
    "elements[0].title": [flow(box(title=...), box("sms"))],
    "elements[0]": [flow(7, box("sms"))],
}  # fmt: skip


@pytest.mark.parametrize("place", MALFORMED)
def test_a_malformed_member_is_named_gives_no_yes_and_affects_no_other_answer(place: str) -> None:
    for claims in MALFORMED[place]:
        answers, (problem,) = said(claims)
        assert answers == {"sms": True}, claims
        assert problem in (f"{D}.{place}", f"{F}.screens[0].{place}"), "a problem names a place and no value"


WHOLES = [[], "x", 7, True, {"consents": None}, {"consents": "x"}, {"consents": {"0": item()}}, {}]


@pytest.mark.parametrize("whole", WHOLES)
def test_a_malformed_object_gives_no_answer_and_is_named(whole: object) -> None:
    for name in (D, F):
        answers, problems = said({name: whole})
        assert answers == {}
        assert problems
        assert all(problem.startswith(name) for problem in problems)


@pytest.mark.parametrize("screens", [None, "x", [7], [{"elements": None}], [{"elements": {}}], [{}], [[box()]]])
def test_malformed_screens_give_no_answer(screens: object) -> None:
    answers, problems = said({F: {"language": "EN", "timeOfConsent": AT, "screens": screens}})
    assert (answers, len(problems)) == ({}, 1)


def test_a_broken_part_does_not_lose_the_next() -> None:
    screens = [{"title": 7, "elements": "x"}, {"title": "Club", "elements": [box()]}]
    places = ("flowResult.screens[0].title", "flowResult.screens[0].elements")
    assert said({F: {"language": "EN", "timeOfConsent": AT, "screens": screens}}) == ({"email": True}, places)
    assert said({D: "x", **flow(box())}) == ({"email": True}, (D,))


def test_a_no_counts_even_if_its_words_are_malformed() -> None:
    """Otherwise an earlier yes would remain."""
    answers, problems = said(delegated(item(accepted=False, textDisplayedToUser=None, required="x")))
    assert answers == {"email": False}
    assert len(problems) == 2


def test_an_answer_given_twice_and_differently_is_a_no() -> None:
    for order in ((True, False), (False, True), (True, False, True)):
        answers, problems = said(delegated(*(item(accepted=value) for value in order)))
        assert answers == {"email": False}
        assert "answered twice and differently" in problems
    assert said({**delegated(item()), **flow(box(checked=False))})[0] == {"email": False}
    assert said(delegated(item(), item())) == ({"email": True}, ())


def test_a_malformed_answer_voids_a_yes_to_the_same_question_but_not_a_no() -> None:
    assert said(delegated(item(accepted=None), item()))[0] == {}
    assert said(delegated(item(accepted=None), item(accepted=False)))[0] == {"email": False}


@pytest.mark.parametrize(
    "moment",
    [
        None, "", "yesterday", "2026-10-14", 7, "2026-10-14T09:31:05", "0001-01-01T00:00:00+14:00",
        "2014-12-31T23:59:59Z", "2026-11-01T12:01:01Z", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00",
    ],
)  # fmt: skip
def test_an_invalid_or_future_time_is_named_and_left_out(moment: object) -> None:
    (answer,), problems = parse(delegated(item(), timeOfConsent=moment), NOW)
    assert (answer.granted, answer.given_at) == (True, None)
    assert problems == ("delegatedConsents.timeOfConsent",)


def test_clocks_may_differ_a_little() -> None:
    (answer,), problems = parse(delegated(item(), timeOfConsent="2026-11-01T12:00:59Z"), NOW)
    assert (answer.given_at, problems) == (NOW + timedelta(seconds=59), ())


@pytest.mark.parametrize(
    "address",
    [
        *("javascript:alert(1)", "data:text/html,x", "//example.com", "/terms", "", 7, [], "https://"),
        *("ftp://example.com", "https://exa mple.com", "https://user@example.com", "https://["),
        *("https://example.com/\u202e", "\x01https://example.com", "https://example.com/" + "a" * 2000),
    ],
)
def test_a_link_that_does_not_lead_to_the_web_is_left_out(address: object) -> None:
    links = {"termsLinkUrl": address, "privacyStatementLinkUrl": "http://example.com/privacy"}
    (answer,), problems = parse(delegated(item(), links=links), NOW)
    assert answer.links == (("http://example.com/privacy", "http://example.com/privacy"),)
    assert answer.granted
    assert problems == ("delegatedConsents.links.termsLinkUrl",)
    (answer,), problems = parse(flow(box(), screen={"terms": {"links": [{"title": "T", "url": address}]}}), NOW)
    assert answer.links == ()
    assert problems == ("flowResult.screens[0].terms.links[0].url",)


AROUND: list[tuple[dict[str, Any], str]] = [
    (delegated(item(), links="x"), f"{D}.links"), (delegated(item(), heading=7), f"{D}.heading"),
    (delegated(item(), text=["x"]), f"{D}.text"), (delegated(item(), termsDescription={}), f"{D}.termsDescription"),
    (delegated(item(), **{" termsDescription": 7}), f"{D}.termsDescription"),
    (delegated(item(), language=None), f"{D}.language"), (delegated(item(), language="<script>"), f"{D}.language"),
    (flow(box(), screen={"terms": "x"}), f"{F}.screens[0].terms"),
    (flow(box(), screen={"terms": {"links": "x"}}), f"{F}.screens[0].terms.links"),
    (flow(box(), screen={"terms": {"links": [7]}}), f"{F}.screens[0].terms.links[0]"),
    (flow(box(), screen={"description": 7}), f"{F}.screens[0].description"),
    (flow(box(readMore=7)), f"{F}.screens[0].elements[0].readMore"),
    (flow(box(readMore="x")), f"{F}.screens[0].elements[0].readMore"),
    (flow(box(readMore={"title": 7})), f"{F}.screens[0].elements[0].readMore.title"),
]  # fmt: skip


@pytest.mark.parametrize(("claims", "place"), AROUND)
def test_malformed_text_around_the_question_is_named_and_left_out(claims: dict[str, Any], place: str) -> None:
    assert said(claims) == ({"email": True}, (place,))


def test_an_object_under_the_scopes_name_is_not_read() -> None:
    whole = flow(box())[F]
    assert said({"customFlow": whole}) == ({}, ("customFlow instead of flowResult",))
    assert said({"customFlow": whole, F: whole}) == ({"email": True}, ())
    assert said({"customFlow": "x"}) == ({}, ())


def test_lists_that_are_too_long_are_not_read() -> None:
    assert said(delegated(*[item(f"q{n}") for n in range(MAX_ITEMS + 1)])) == ({}, ("delegatedConsents.consents",))
    screen = {"elements": [box(f"q{n}") for n in range(MAX_ITEMS)]}
    screens = [{"elements": [{**e, "id": f"{n}{e['id']}"} for e in screen["elements"]]} for n in range(3)]
    assert said({F: {"language": "EN", "timeOfConsent": AT, "screens": screens}}) == ({}, ("more than 100 answers",))
    assert len(said(delegated(*["x"] * MAX_ITEMS))[1]) == MAX_PROBLEMS


def test_an_object_that_is_too_large_or_too_deep_is_not_kept_but_answered() -> None:
    deep: Any = "x"
    for _ in range(900):
        deep = [deep]
    for whole in (delegated(item(), padding="x" * MAX_SNAPSHOT_CHARACTERS), delegated(item(), padding=deep)):
        (answer,), problems = parse(whole, NOW)
        assert answer.granted
        assert problems == ("delegatedConsents too large to keep",)
        assert answer.evidence["answer"] == {"id": "email", "accepted": True, "textDisplayedToUser": "By email"}
        assert answer.evidence["timeOfConsent"] == "2026-10-14T09:31:05+00:00"


def test_values_that_no_database_can_hold_are_kept_as_text() -> None:
    raw = json.loads('{"a": NaN, "b": 1e999, "c": "\\ud800 \\u0000", "d\\u0000": 1}')
    (answer,), _problems = parse(delegated(item(), **raw), NOW)
    kept = answer.evidence
    assert (kept["a"], kept["b"], kept["c"], kept["d\\u0000"]) == ("nan", "inf", "\\ud800 \\u0000", 1)
    json.dumps(kept, ensure_ascii=False, allow_nan=False).encode()


MEMBERS = [
    "id", "accepted", "checked", "required", "type", "title", "textDisplayedToUser", "url", "consents", "screens",
    "elements", "links", "terms", "readMore", "language", "timeOfConsent",
]  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["email", "checkbox", AT]),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(MEMBERS) | st.text(max_size=5), inner, max_size=6)
    ),
    max_leaves=20,
)
ITEMS = st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys([*item(), *box()], JSON)) | JSON, max_size=4)
OBJECTS = st.one_of(
    JSON,
    st.fixed_dictionaries({"consents": ITEMS}),
    st.fixed_dictionaries({"screens": st.lists(st.fixed_dictionaries({"elements": ITEMS}), max_size=3)}),
)


@settings(max_examples=50)  # each example is large, with thousands of values
@given(st.fixed_dictionaries({}, optional={D: OBJECTS, F: OBJECTS, "customFlow": OBJECTS}))
def test_arbitrary_json_never_raises_or_gives_a_yes_without_a_literal_true(claims: dict[str, Any]) -> None:
    answers, problems = parse(claims)
    assert len(problems) <= MAX_PROBLEMS
    for answer in answers:
        json.dumps(answer.evidence, allow_nan=False, ensure_ascii=False).encode()
        assert "\x00" not in answer.text + answer.heading + answer.description + answer.id
        assert len(answer.text) <= 2000
        assert len(answer.heading) <= 500
        assert len(answer.description) <= 4000
        assert all(url.startswith(("http://", "https://")) for _title, url in answer.links)
        if answer.granted:
            assert answer.text
            assert _literal_yes(claims, answer.id)


def _literal_yes(value: Any, consent_id: str) -> bool:
    """Tell whether this question has a literal true anywhere in a JSON value."""
    if isinstance(value, dict):
        said_yes = value.get("accepted") is True or (value.get("checked") is True and value.get("type") == "checkbox")
        if value.get("id") == consent_id and said_yes:
            return True
        return any(_literal_yes(inner, consent_id) for inner in value.values())
    return isinstance(value, list) and any(_literal_yes(inner, consent_id) for inner in value)
