"""Applies the form of the merchant's page to a configuration: one language at a time, without JavaScript.

The form's fields are named after the places in the configuration: `heading`; `consent` (one per id that is asked for)
and `required`; `s0-title` for the first screen of a flow, `s0-e1-id` for its second checkbox, `s0-l0-url` for its first
link. The buttons that add and remove parts are named by `press`: `add-screen`, `add-element:0`, `remove-link:0:1`.

`checks` validates the result, and `merchants` saves it.
"""

import copy
from collections.abc import Mapping
from typing import Any

from werkzeug.datastructures import MultiDict

from .languages import CAPTIONS

Form = MultiDict[str, str]
Config = dict[str, Any]

NEW = {
    "screen": {"no": "Ny skjerm", "en": "New screen", "da": "Ny skærm", "fi": "Uusi näyttö", "sv": "Ny skärm"},
    "element": {"no": "Nytt valg", "en": "New checkbox", "da": "Nyt valg", "fi": "Uusi valinta", "sv": "Nytt val"},
    "link": {"no": "Les mer", "en": "Read more", "da": "Læs mere", "fi": "Lue lisää", "sv": "Läs mer"},
}


def changed_consents(current: Mapping[str, Any], form: Form, language: str) -> Config:
    """Return a marketing consents configuration with the form's values for one language."""
    asked, required = set(form.getlist("consent")), set(form.getlist("required"))
    return {
        **current,
        "heading": _with_text(current["heading"], form.get("heading", ""), language),
        "text": _with_text(current["text"], form.get("text", ""), language),
        "termsDescription": _with_text(current["termsDescription"], form.get("termsDescription", ""), language),
        "consents": [{"id": each, "required": each in required} for each in CAPTIONS if each in asked],
    }


def changed_flow(current: Mapping[str, Any], form: Form, language: str) -> Config:
    """Return a flow with the form's values for one language, and with the part that the button adds or removes."""
    screens = [_changed_screen(each, form, f"s{i}", language) for i, each in enumerate(current["screens"])]
    action, _, place = form.get("press", "").partition(":")
    _press(screens, action, [int(part) for part in place.split(":") if part.isdecimal() and len(part) < 4])
    return {**current, "screens": screens}


def _changed_screen(screen: Mapping[str, Any], form: Form, name: str, language: str) -> Config:
    elements = enumerate(screen["elements"])
    links = enumerate(screen.get("links", []))
    return {
        "title": _with_text(screen["title"], form.get(f"{name}-title", ""), language),
        "description": _with_text(screen["description"], form.get(f"{name}-description", ""), language),
        "elements": [_changed_element(each, form, f"{name}-e{i}", language) for i, each in elements],
        "links": [_changed_link(each, form, f"{name}-l{i}", language) for i, each in links],
    }


def _changed_element(element: Mapping[str, Any], form: Form, name: str, language: str) -> Config:
    more = element.get("readMore") or {"title": {}, "description": {}}
    more = {
        part: _with_text(more[part], form.get(f"{name}-more-{part}", ""), language) for part in ("title", "description")
    }
    changed: Config = {
        "id": form.get(f"{name}-id", "").strip(),
        "title": _with_text(element["title"], form.get(f"{name}-title", ""), language),
        "required": f"{name}-required" in form,
    }
    return {**changed, "readMore": more} if any(more.values()) else changed


def _changed_link(link: Mapping[str, Any], form: Form, name: str, language: str) -> Config:
    return {
        "title": _with_text(link["title"], form.get(f"{name}-title", ""), language),
        "url": form.get(f"{name}-url", "").strip(),
    }


def _press(screens: list[Config], action: str, place: list[int]) -> None:
    """Add or remove a part; ignore the button of a part that does not exist."""
    match action, place:
        case "add-screen", []:
            screens.append({"title": dict(NEW["screen"]), "description": {}, "elements": [], "links": []})
        case "remove-screen", [number] if number < len(screens):
            del screens[number]
        case "add-element", [number] if number < len(screens):
            new = {"id": _free_id(screens), "title": dict(NEW["element"]), "required": False}
            screens[number]["elements"].append(new)
        case "add-link", [number] if number < len(screens):
            screens[number]["links"].append({"title": dict(NEW["link"]), "url": "{terms_url}"})
        case (("remove-element" | "remove-link"), [number, index]) if number < len(screens):
            parts = screens[number]["elements" if action == "remove-element" else "links"]
            del parts[index : index + 1]


def _free_id(screens: list[Config]) -> str:
    taken = {element["id"] for screen in screens for element in screen["elements"]}
    return next(each for number in range(1, 1000) if (each := f"cf_question_{number}") not in taken)


def _with_text(current: Mapping[str, str] | str, text: str, language: str) -> dict[str, str]:
    """Return the texts with one language replaced, or removed if its text is empty."""
    texts = {"en": current} if isinstance(current, str) else copy.copy(dict(current))
    # A form's lines end with CR LF (HTML: multipart and urlencoded form data).
    texts[language] = text.replace("\r\n", "\n").strip()
    return {each: content for each, content in texts.items() if content}
