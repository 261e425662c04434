"""Reads the data for a person's phone: companies with access, answers to their screens, remembered browsers.

A company has access as long as the person shares something with it or has answered its consent screens; both end
together. The answers are read from the result that the company received, so the person sees the same words that the
company stores as evidence. The two shapes of an answer, `delegatedConsents` and `flowResult`, become one here: screens
with questions, each answered yes or no.

Source: Vipps MobilePay Login API guide, webhooks: a person sees and ends the sharing in the app's profile.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from . import logins
from .consents import CUSTOM_FLOW
from .consents.languages import LANGUAGES
from .models import ConsentAnswer, RememberedBrowser, SalesUnit


@dataclass(frozen=True)
class Question:
    """One checkbox of a screen, and whether it was ticked."""

    text: str
    is_yes: bool
    more_title: str = ""
    more: str = ""


@dataclass(frozen=True)
class Screen:
    """One screen as it was displayed."""

    heading: str
    text: str
    questions: tuple[Question, ...]
    links: tuple[tuple[str, str], ...]
    """Text and address."""


@dataclass(frozen=True)
class Answered:
    """A person's answers to one kind of screens."""

    language: str
    """A tag for the markup, such as `no`."""
    language_name: str
    at: datetime
    screens: tuple[Screen, ...]


@dataclass(frozen=True)
class Access:
    """A company with access."""

    client_id: str
    name: str
    scopes: tuple[str, ...]
    since: datetime
    answers: tuple[Answered, ...]


def companies(session: Session, person_key: str) -> list[Access]:
    """Return the companies that a person shares with or has answered, the latest first."""
    grants = {grant.client_id: grant for grant in logins.grants_of(session, person_key)}
    answers: dict[str, list[Answered]] = {}
    for row in session.scalars(select(ConsentAnswer).where(ConsentAnswer.person_key == person_key)):
        answers.setdefault(row.client_id, []).append(answered(row.scope, row.payload))
    found = []
    for client_id in {**grants, **answers}:
        grant, given = grants.get(client_id), sorted(answers.get(client_id, ()), key=lambda each: each.at)
        found.append(
            Access(
                client_id=client_id,
                name=session.get_one(SalesUnit, client_id).name,
                scopes=tuple(grant.scopes) if grant else (),
                since=grant.granted_at if grant else given[0].at,
                answers=tuple(given),
            )
        )
    return sorted(found, key=lambda access: access.since, reverse=True)


def answered(scope: str, payload: Mapping[str, Any]) -> Answered:
    """Return an answer in one readable form for both kinds of screens."""
    tag = str(payload["language"]).lower()
    return Answered(
        language=tag,
        language_name=LANGUAGES.get(tag, tag),
        at=datetime.fromisoformat(payload["timeOfConsent"]),
        screens=_flow(payload) if scope == CUSTOM_FLOW else _consents(payload),
    )


def browsers(session: Session, person_key: str, oldest: datetime) -> list[RememberedBrowser]:
    """Return the browsers that remember a person, the latest first."""
    query = select(RememberedBrowser).where(
        RememberedBrowser.person_key == person_key, RememberedBrowser.confirmed_at >= oldest
    )
    return list(session.scalars(query.order_by(RememberedBrowser.confirmed_at.desc())))


def forget_browsers(session: Session, person_key: str) -> None:
    """Delete the remembered browsers of a person; the next login needs the app again."""
    session.execute(delete(RememberedBrowser).where(RememberedBrowser.person_key == person_key))


def _consents(payload: Mapping[str, Any]) -> tuple[Screen, ...]:
    questions = tuple(Question(item["textDisplayedToUser"], item["accepted"]) for item in payload["consents"])
    named = payload["links"]
    links = tuple((named[f"{kind}LinkText"], named[f"{kind}LinkUrl"]) for kind in ("terms", "privacyStatement"))
    return (Screen(payload["heading"], payload["text"], questions, links),)


def _flow(payload: Mapping[str, Any]) -> tuple[Screen, ...]:
    return tuple(
        Screen(
            screen["title"],
            screen["description"],
            tuple(_flow_question(element) for element in screen["elements"]),
            tuple((link["title"], link["url"]) for link in screen["terms"]["links"]),
        )
        for screen in payload["screens"]
    )


def _flow_question(element: Mapping[str, Any]) -> Question:
    more = element.get("readMore") or {"title": "", "description": ""}
    return Question(element["title"], element["checked"], more["title"], more["description"])
