"""Renders a configuration in one language, and the answers as userinfo returns them."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .languages import captions_of, fixed_texts, pick_text


@dataclass(frozen=True)
class Company:
    """The merchant's name and its two links, for placeholders in the texts."""

    name: str
    terms_url: str
    privacy_url: str


@dataclass(frozen=True)
class RequiredMissing:
    """A required item was not ticked, so the person cannot continue."""

    ids: tuple[str, ...]


def consents_screen(config: Mapping[str, Any], company: Company, language: str) -> dict[str, Any]:
    """Return the marketing consents screen in one language, in the member order of `delegatedConsents`."""
    say, fixed, captions = _Localizer(company, language), fixed_texts(language), captions_of(config)
    return {
        "language": language.upper(),
        "heading": say(config["heading"]),
        "text": say(config["text"]),
        "termsDescription": say(config["termsDescription"]),
        "confirmConsentButtonText": fixed["confirm"],
        "links": {
            "termsLinkText": fixed["terms"],
            "termsLinkUrl": company.terms_url,
            "privacyStatementLinkText": fixed["privacy"],
            "privacyStatementLinkUrl": company.privacy_url,
        },
        "consents": [
            {"id": item["id"], "required": item["required"], "textDisplayedToUser": say(captions[item["id"]])}
            for item in config["consents"]
        ],
    }


def flow_screens(config: Mapping[str, Any], company: Company, language: str) -> dict[str, Any]:
    """Return the screens of the flow builder in one language, in the member order of `flowResult`."""
    say = _Localizer(company, language)
    return {"language": language.upper(), "screens": [_flow_screen(screen, say) for screen in config["screens"]]}


def consents_answer(screen: Mapping[str, Any], accepted: Set[str], at: datetime) -> dict[str, Any] | RequiredMissing:
    """Return the `delegatedConsents` object for what a person ticked."""
    if unticked := missing(screen["consents"], accepted):
        return RequiredMissing(unticked)
    consents = [
        {
            "id": item["id"],
            "accepted": item["id"] in accepted,
            "required": item["required"],
            "textDisplayedToUser": item["textDisplayedToUser"],
        }
        for item in screen["consents"]
    ]
    shown = {name: value for name, value in screen.items() if name != "consents"}
    return {**shown, "timeOfConsent": _instant(at), "consents": consents}


def flow_answer(flow: Mapping[str, Any], accepted: Set[str], at: datetime) -> dict[str, Any] | RequiredMissing:
    """Return the `flowResult` object for what a person ticked on all its screens."""
    if unticked := missing([element for screen in flow["screens"] for element in screen["elements"]], accepted):
        return RequiredMissing(unticked)
    screens = [
        {**screen, "elements": [_checked(element, accepted) for element in screen["elements"]]}
        for screen in flow["screens"]
    ]
    return {**flow, "screens": screens, "timeOfConsent": _instant(at)}


def missing(items: Sequence[Mapping[str, Any]], accepted: Set[str]) -> tuple[str, ...]:
    """Return the ids of required items that are not ticked."""
    return tuple(item["id"] for item in items if item["required"] and item["id"] not in accepted)


class _Localizer:
    """Picks the text of one language and fills in the merchant's name and links."""

    def __init__(self, company: Company, language: str) -> None:
        self._company = company
        self._language = language

    def __call__(self, texts: Mapping[str, str] | str) -> str:
        chosen = texts if isinstance(texts, str) else pick_text(texts, self._language)
        return (
            chosen.replace("{merchant}", self._company.name)
            .replace("{terms_url}", self._company.terms_url)
            .replace("{privacy_url}", self._company.privacy_url)
        )


def _flow_screen(screen: Mapping[str, Any], say: _Localizer) -> dict[str, Any]:
    links = [{"title": say(link["title"]), "url": say(link["url"])} for link in screen.get("links", ())]
    return {
        "title": say(screen["title"]),
        "description": say(screen["description"]),
        "terms": {"links": links},
        "elements": [_flow_element(element, say) for element in screen["elements"]],
    }


def _flow_element(element: Mapping[str, Any], say: _Localizer) -> dict[str, Any]:
    shown = {"type": "checkbox", "id": element["id"], "title": say(element["title"]), "required": element["required"]}
    if more := element.get("readMore"):
        shown["readMore"] = {"title": say(more["title"]), "description": say(more["description"])}
    return shown


def _checked(element: Mapping[str, Any], accepted: Set[str]) -> dict[str, Any]:
    answer = {
        "type": element["type"],
        "id": element["id"],
        "title": element["title"],
        "checked": element["id"] in accepted,
        "required": element["required"],
    }
    return {**answer, "readMore": element["readMore"]} if "readMore" in element else answer


def _instant(at: datetime) -> str:
    """Format a time as in the documented samples: UTC, whole seconds, Z."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
