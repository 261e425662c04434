"""Dates and times, and texts in the right language within one request."""

from datetime import UTC, datetime

import pytest
import urllib3
from flask import Flask, render_template_string
from flask_babel import force_locale

from app.i18n import ALIASES, LANGUAGES, when
from simulator import i18n as simulator_i18n
from tests.vipps_person import VippsPerson

LATE = datetime(2026, 11, 22, 22, 51, tzinfo=UTC)
SUMMER = datetime(2026, 6, 30, 22, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "moment", "written"),
    [
        ("nb", LATE, "22. november 2026 23:51"), ("en", LATE, "22 November 2026 23:51"),
        ("nb", SUMMER, "1. juli 2026 00:05"), ("en", None, ""), ("da", SUMMER, "1. juli 2026 00.05"),
        ("sv", SUMMER, "1 juli 2026 00:05"), ("fi", SUMMER, "1. heinäkuuta 2026 0.05"),
    ],
)  # fmt: skip
def test_a_time_is_in_the_shops_time_zone(app: Flask, language: str, moment: datetime | None, written: str) -> None:
    with app.test_request_context(headers={"Accept-Language": language}):
        assert when(moment) == written


def test_an_email_in_another_language_does_not_change_the_page(app: Flask) -> None:
    template = '{{ _("Log out") }}'
    with app.test_request_context(headers={"Accept-Language": "en"}):
        assert render_template_string(template) == "Log out"
        with force_locale("nb"):
            assert render_template_string(template) == "Logg ut"
        assert render_template_string(template) == "Log out"


def test_the_plural_form_depends_on_the_number(app: Flask) -> None:
    template = '{{ ngettext("%(num)s product", "%(num)s products", n) }}'
    for language, one, two in [
        ("en", "1 product", "2 products"), ("nb", "1 vare", "2 varer"), ("da", "1 vare", "2 varer"),
        ("sv", "1 vara", "2 varor"), ("fi", "1 tuote", "2 tuotetta"),
    ]:  # fmt: skip
        with app.test_request_context(headers={"Accept-Language": language}):
            assert render_template_string(template, n=1) == one
            assert render_template_string(template, n=2) == two


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("da-DK,da;q=0.9,en;q=0.8", "da"), ("sv-SE,sv;q=0.9,en-US;q=0.8,en;q=0.7", "sv"),
        ("fi-FI,fi;q=0.9,en;q=0.8", "fi"), ("sv,fi;q=0.8", "sv"), ("en,da;q=0.9", "en"), ("nn-NO", "nb"),
        ("de,fr;q=0.5", "en"), ("da;q=0,en;q=0.1", "en"), ("", "en"),
    ],
)  # fmt: skip
def test_a_login_is_in_one_language_from_the_shop_to_vipps(vipps: VippsPerson, header: str, language: str) -> None:
    """Vipps MobilePay Login FAQ: a merchant cannot choose the language, so both take it from the browser."""
    headers = {"Accept-Language": header}
    assert f'<html lang="{language}"' in vipps.browser.get("/login", headers=headers).text
    landing = urllib3.request("GET", vipps.start(), headers=headers).data.decode()
    assert f'<html lang="{language}"' in landing
    assert simulator_i18n.preferred_language(header) == language
    assert (simulator_i18n.LANGUAGES, simulator_i18n.ALIASES) == (LANGUAGES, ALIASES)


def test_a_strange_accept_language_is_answered(app: Flask) -> None:
    for header in ("", ";", "nb;q=x", "en," * 2000, "*", "\u00e6"):
        with app.test_request_context(headers={"Accept-Language": header}):
            assert render_template_string("{{ language() }}") in ("en", "nb")
