"""Dates and times, and texts in the right language within one request."""

from datetime import UTC, datetime

import pytest
from flask import Flask, render_template_string
from flask_babel import force_locale

from app.i18n import when

LATE = datetime(2026, 11, 22, 22, 51, tzinfo=UTC)
SUMMER = datetime(2026, 6, 30, 22, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "moment", "written"),
    [
        ("nb", LATE, "22. november 2026 23:51"), ("en", LATE, "22 November 2026 23:51"),
        ("nb", SUMMER, "1. juli 2026 00:05"), ("en", None, ""),
    ],
)  # fmt: skip
def test_a_time_is_formatted_in_the_shops_time_zone(
    app: Flask, language: str, moment: datetime | None, written: str
) -> None:
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
    for language, one, two in [("en", "1 product", "2 products"), ("nb", "1 vare", "2 varer")]:
        with app.test_request_context(headers={"Accept-Language": language}):
            assert render_template_string(template, n=1) == one
            assert render_template_string(template, n=2) == two


@pytest.mark.parametrize("header", ["", ";", "nb;q=x", "en," * 2000, "*", "\u00e6"])
def test_a_strange_accept_language_is_answered(app: Flask, header: str) -> None:
    with app.test_request_context(headers={"Accept-Language": header}):
        assert render_template_string("{{ language() }}") in ("en", "nb")
