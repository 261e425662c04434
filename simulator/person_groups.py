"""Group the test persons by what will happen at one merchant, in that merchant's words.

The simulator cannot know what a site does with a login. A merchant that knows may register groups
(`MerchantConfig.person_groups`); the page that asks for a person then shows them, and the persons of no group last:

    [{"title": {"en": "Logged in"}, "text": {"en": "The shop knows these people."}, "start_here": "kari",
      "persons": {"kari": {"en": "Her account is linked to Vipps."}}}]

Each text is by language, with English as the fallback. `text` and `start_here` are optional.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

DEFAULT_LANGUAGE = "en"
MEMBERS = frozenset({"title", "text", "persons", "start_here"})


@dataclass(frozen=True)
class PersonGroup:
    """A group as a page shows it; `persons` are portraits with a `note`. The group of the others has no title."""

    title: str = ""
    text: str = ""
    persons: list[dict[str, Any]] = field(default_factory=list)


def check_groups(groups: object) -> None:
    """Raise ValueError for groups that no page could show."""
    if not isinstance(groups, list | tuple) or not all(_is_group(group) for group in groups):
        raise ValueError("person_groups: each group has a title and persons with notes, as texts by language")


def arrange(portraits: list[dict[str, Any]], groups: list[dict[str, Any]], language: str) -> list[PersonGroup]:
    """Return the persons in the merchant's groups, each person once; without groups, in one."""
    rest = {each["key"]: each for each in portraits}
    arranged = []
    for group in groups:
        members = [
            {**rest.pop(key), "note": _in(note, language), "is_start": key == group.get("start_here")}
            for key, note in group["persons"].items()
            if key in rest
        ]
        arranged.append(PersonGroup(_in(group["title"], language), _in(group.get("text", {}), language), members))
    return [group for group in [*arranged, PersonGroup(persons=list(rest.values()))] if group.persons]


def _in(texts: Mapping[str, str], language: str) -> str:
    return texts.get(language) or texts.get(DEFAULT_LANGUAGE, "")


def _is_group(group: object) -> bool:
    if not isinstance(group, Mapping) or not set(group) <= MEMBERS:
        return False
    notes, start = group.get("persons"), group.get("start_here")
    return (
        _are_texts(group.get("title"))
        and ("text" not in group or _are_texts(group["text"]))
        and isinstance(notes, Mapping)
        and all(isinstance(key, str) and _are_texts(note) for key, note in notes.items())
        and ("start_here" not in group or start in list(notes))
    )


def _are_texts(texts: object) -> bool:
    return (
        isinstance(texts, Mapping)
        and DEFAULT_LANGUAGE in texts
        and all(isinstance(text, str) for pair in texts.items() for text in pair)
    )
