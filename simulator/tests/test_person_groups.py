"""Merchants' hints: a `login_hint` proposes a person, and groups say what the merchant does with each person."""

from collections.abc import Callable
from typing import Any

import pytest

from ..testing import BASIC_MERCHANT
from .conftest import Provider, Visitor

Visit = Callable[..., Visitor]
MERCHANT = f"merchants/{BASIC_MERCHANT.client_id}"
GROUPS: list[dict[str, Any]] = [
    {
        "title": {"en": "Logged in", "nb": "Logget inn"},
        "start_here": "kari",
        "persons": {"sindre": {"en": "He has an account."}, "kari": {"en": "She too.", "nb": "Hun også."}},
    },
    {
        "title": {"en": "Turned away"},
        "text": {"en": "Not logged in."},
        "persons": {"x": {"en": ""}, "kari": {"en": ""}},
    },
]


@pytest.mark.parametrize("hint", ["ola", "urn:msisdn:4790000012"])
def test_a_hint_proposes_a_person_who_still_confirms(visit: Visit, hint: str) -> None:
    visitor = visit(scope="openid", login_hint=hint)
    assert "Ola Tangen" in visitor.page.one(".proposed").get_text()
    assert visitor.page.select("#person button")[0].get_text() == "Continue as Ola"
    assert visitor.choose("ola").callback["code"]


def test_a_proposed_person_can_be_refused(visit: Visit) -> None:
    visitor = visit(scope="openid", login_hint="ola").press("other")
    assert not visitor.page.select(".proposed")
    assert visitor.choose("kari").callback["code"]


def test_no_other_person_can_be_chosen_after_the_confirmation(visit: Visit) -> None:
    visitor = visit(scope="openid name").choose("ola")
    data = {"csrf_token": visitor.page.csrf_token()}
    visitor.response = visitor.client.post(f"{visitor.response.request.path}/other", data=data)
    assert visitor.follow().page.h1 == "Share with Testbutikken"


def test_a_hint_at_another_person_asks_in_a_remembered_browser(visit: Visit) -> None:
    visit(scope="openid").choose("ola", remember="yes")
    assert visit(scope="openid", login_hint="ola").callback["code"]
    assert "Kari" in visit(scope="openid", login_hint="kari").page.one(".proposed").get_text()


def test_groups_show_each_person_once_with_the_merchants_note(visit: Visit, provider: Provider) -> None:
    provider.control(MERCHANT, {"person_groups": GROUPS}, "PATCH")
    page = visit(login_hint="kari").page
    assert [each.get_text() for each in page.select(".cast h3")] == ["Logged in", "Other test users"]
    assert [str(each["value"]) for each in page.select(".people button")][:2] == ["sindre", "kari"]
    assert len(page.select(".people button")) == 15
    assert page.select(".people .start")[0].find_parent("button")["value"] == "kari"
    assert "She too." in page.one(".proposed").get_text()


def test_groups_are_in_the_persons_language(visit: Visit, provider: Provider) -> None:
    provider.control(MERCHANT, {"person_groups": GROUPS}, "PATCH")
    visitor = visit()
    visitor.response = visitor.client.get(f"{visitor.response.request.path}?language=nb")
    assert visitor.page.select(".cast h3")[0].get_text() == "Logget inn"
    assert "He has an account." in visitor.page.text
    assert "Hun også." in visitor.page.text


def test_without_groups_the_list_has_no_heading(visit: Visit) -> None:
    assert not visit().page.select(".cast h3")


@pytest.mark.parametrize(
    "groups",
    [
        {}, ["x"], [{}], [{"title": {"nb": "x"}, "persons": {}}], [{"title": {"en": "x"}, "persons": []}],
        [{"title": {"en": 1}, "persons": {}}], [{"title": {"en": "x"}, "persons": {}, "start_here": "kari"}],
        [{"title": {"en": "x"}, "persons": {}, "more": 1}], [{"title": {"en": "x"}, "persons": {}, "text": "x"}],
        [{"title": {"en": "x"}, "persons": {}, "start_here": []}],
    ],
)  # fmt: skip
def test_a_group_that_no_page_could_show_is_refused(provider: Provider, groups: Any) -> None:
    answer = provider.client.patch(f"/control/{MERCHANT}", json={"person_groups": groups})
    assert (answer.status_code, "person_groups" in answer.text) == (400, True)
