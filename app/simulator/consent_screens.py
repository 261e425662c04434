"""The screens on which Vipps asks for consents on a merchant's behalf, and the answers as userinfo delivers
them.

A merchant's configuration is data with a version number. `consents_screen` and `flow_screens` turn it into
the very texts that a person sees in one language; the template shows them, and `consents_answer` and
`flow_answer` report the same texts back with the person's choices. So what is reported is what was displayed.

Sources: Vipps MobilePay Login API guide, “Collecting consents” and “Merchant-initiated login integration”
(delegatedConsents), “Custom flow migration” (customFlow and flowResult).
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

DELEGATED_CONSENTS = "delegatedConsents"
CUSTOM_FLOW = "customFlow"
LANGUAGES = {"en": "EN", "nb": "NO"}

CAPTIONS: dict[str, dict[str, str]] = {
    "email": {"en": "Receive offers via email", "nb": "Få tilbud på E-post"},
    "sms": {"en": "Receive offers via SMS", "nb": "Få tilbud på SMS"},
    "digital": {
        "en": "I would like to receive digital marketing",
        "nb": "Jeg vil motta digital markedsføring",
    },
    "personal": {"en": "Get customized offers", "nb": "Få tilpassede tilbud"},
}
"""The four consents that exist, with their documented captions."""

DEFAULT_CONSENTS: dict[str, Any] = {
    "version": 1,
    "heading": {"en": "Stay in touch", "nb": "Hold kontakten"},
    "text": {
        "en": "{merchant} would like to send you offers through its digital channels.",
        "nb": "{merchant} vil gjerne sende deg tilbud i sine digitale kanaler.",
    },
    "termsDescription": {
        "en": "By confirming you accept the terms of {merchant}, which is responsible for handling the consents."
        " You can withdraw them at any time on its website.",
        "nb": "Når du bekrefter, godtar du vilkårene til {merchant}, som er ansvarlig for samtykkene."
        " Du kan når som helst trekke dem tilbake på nettstedet.",
    },
    "consents": [
        {"id": "email", "required": False},
        {"id": "sms", "required": False},
        {"id": "digital", "required": False},
        {"id": "personal", "required": False},
    ],
}

DEFAULT_FLOW: dict[str, Any] = {
    "version": 1,
    "screens": [
        {
            "title": {"en": "Join the customer club", "nb": "Bli med i kundeklubben"},
            "description": {
                "en": "{merchant} has a customer club with offers for members.",
                "nb": "{merchant} har en kundeklubb med tilbud til medlemmene.",
            },
            "links": [
                {"title": {"en": "Terms of the club", "nb": "Vilkår for klubben"}, "url": "{terms_url}"},
                {"title": {"en": "Privacy statement", "nb": "Personvernerklæring"}, "url": "{privacy_url}"},
            ],
            "elements": [
                {
                    "id": "cf_accept_terms",
                    "title": {"en": "I accept the terms", "nb": "Jeg godtar vilkårene"},
                    "required": True,
                },
                {
                    "id": "cf_newsletter",
                    "title": {"en": "Send me the newsletter", "nb": "Send meg nyhetsbrevet"},
                    "required": False,
                    "readMore": {
                        "title": {"en": "What is in it?", "nb": "Hva er i det?"},
                        "description": {
                            "en": "News and offers, twice a month. Leave whenever you like.",
                            "nb": "Nyheter og tilbud to ganger i måneden. Meld deg av når du vil.",
                        },
                    },
                },
            ],
        }
    ],
}


@dataclass(frozen=True)
class Company:
    """What the texts may name: the merchant and its two links."""

    name: str
    terms_url: str
    privacy_url: str


@dataclass(frozen=True)
class RequiredMissing:
    """Something required was not ticked, so the person cannot go on."""

    ids: tuple[str, ...]


def consents_screen(config: Mapping[str, Any], company: Company, language: str) -> dict[str, Any]:
    """Return the marketing consents screen in one language, in the member order of `delegatedConsents`."""
    say = _Speaker(company, language)
    return {
        "language": LANGUAGES[language],
        "heading": say(config["heading"]),
        "text": say(config["text"]),
        "termsDescription": say(config["termsDescription"]),
        "confirmConsentButtonText": say({"en": "Confirm", "nb": "Bekreft"}),
        "links": {
            "termsLinkText": say({"en": "Read the terms", "nb": "Les vilkårene"}),
            "termsLinkUrl": company.terms_url,
            "privacyStatementLinkText": say({"en": "Read the privacy statement", "nb": "Les personvernerklæringen"}),
            "privacyStatementLinkUrl": company.privacy_url,
        },
        "consents": [
            {"id": item["id"], "required": item["required"], "textDisplayedToUser": say(CAPTIONS[item["id"]])}
            for item in config["consents"]
        ],
    }


def flow_screens(config: Mapping[str, Any], company: Company, language: str) -> dict[str, Any]:
    """Return the screens of the flow builder in one language, in the member order of `flowResult`."""
    say = _Speaker(company, language)
    return {
        "language": LANGUAGES[language],
        "screens": [_flow_screen(screen, say) for screen in config["screens"]],
    }


def consents_answer(screen: Mapping[str, Any], accepted: Set[str], at: datetime) -> dict[str, Any] | RequiredMissing:
    """Return the `delegatedConsents` object for what a person ticked."""
    consents = [
        {
            "id": item["id"],
            "accepted": item["id"] in accepted,
            "required": item["required"],
            "textDisplayedToUser": item["textDisplayedToUser"],
        }
        for item in screen["consents"]
    ]
    if missing := tuple(item["id"] for item in consents if item["required"] and not item["accepted"]):
        return RequiredMissing(missing)
    shown = {name: value for name, value in screen.items() if name != "consents"}
    return {**shown, "timeOfConsent": _instant(at), "consents": consents}


def flow_answer(flow: Mapping[str, Any], accepted: Set[str], at: datetime) -> dict[str, Any] | RequiredMissing:
    """Return the `flowResult` object for what a person ticked on all its screens."""
    screens = [
        {**screen, "elements": [_checked(element, accepted) for element in screen["elements"]]}
        for screen in flow["screens"]
    ]
    elements = [element for screen in screens for element in screen["elements"]]
    if missing := tuple(item["id"] for item in elements if item["required"] and not item["checked"]):
        return RequiredMissing(missing)
    return {**flow, "screens": screens, "timeOfConsent": _instant(at)}


def check_consents(config: Mapping[str, Any]) -> None:
    """Raise ValueError unless this is a usable marketing consents configuration."""
    if not isinstance(config.get("version"), int):
        raise ValueError("delegated_consents: version must be a whole number")
    if missing := {"heading", "text", "termsDescription", "consents"} - set(config):
        raise ValueError(f"delegated_consents: {', '.join(sorted(missing))} missing")
    for item in config["consents"]:
        if item.get("id") not in CAPTIONS or not isinstance(item.get("required"), bool):
            raise ValueError(f"delegated_consents: each consent needs an id ({', '.join(CAPTIONS)}) and required")


def check_flow(config: Mapping[str, Any]) -> None:
    """Raise ValueError unless this is a usable custom flow configuration."""
    if not isinstance(config.get("version"), int) or not isinstance(config.get("screens"), list):
        raise ValueError("custom_flow: version (a whole number) and screens (a list) are needed")
    for screen in config["screens"]:
        if missing := {"title", "description", "elements"} - set(screen):
            raise ValueError(f"custom_flow: a screen lacks {', '.join(sorted(missing))}")
        for element in screen["elements"]:
            if missing := {"id", "title", "required"} - set(element):
                raise ValueError(f"custom_flow: an element lacks {', '.join(sorted(missing))}")


class _Speaker:
    """Picks the text of one language and puts the merchant's name and links into it."""

    def __init__(self, company: Company, language: str) -> None:
        self._company = company
        self._language = language

    def __call__(self, texts: Mapping[str, str] | str) -> str:
        chosen = texts if isinstance(texts, str) else texts.get(self._language) or next(iter(texts.values()))
        return (
            chosen.replace("{merchant}", self._company.name)
            .replace("{terms_url}", self._company.terms_url)
            .replace("{privacy_url}", self._company.privacy_url)
        )


def _flow_screen(screen: Mapping[str, Any], say: _Speaker) -> dict[str, Any]:
    links = [{"title": say(link["title"]), "url": say(link["url"])} for link in screen.get("links", ())]
    return {
        "title": say(screen["title"]),
        "description": say(screen["description"]),
        "terms": {"links": links},
        "elements": [_flow_element(element, say) for element in screen["elements"]],
    }


def _flow_element(element: Mapping[str, Any], say: _Speaker) -> dict[str, Any]:
    shown = {
        "type": "checkbox",
        "id": element["id"],
        "title": say(element["title"]),
        "required": element["required"],
    }
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
    """Write a moment as the documented samples do: UTC, whole seconds, Z."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
