"""The message after a Vipps login: whose account this is, what was decided, and where to read why."""

from collections.abc import Sequence

from flask import flash, url_for
from flask_babel import gettext as _
from markupsafe import Markup

from app.customers.models import Activity, Customer
from app.customers.profile.from_vipps import Refreshed
from app.settings import settings_of_app
from app.text_tables import text_table
from app.vipps.matching import Verdict

WELCOMES = text_table("customers", "welcomes")
WITH_LINK = Markup('{} <a href="{}">{}</a>')
# The reasons of a decision that passed by an account with the person's verified number, which they could not open.
EARLIER_ACCOUNT = frozenset({"number_moved_on", "number_changed_hands"})


def is_about_earlier_account(reasons: Sequence[str]) -> bool:
    """Tell whether the person may have an earlier account, for example by a changed subject.

    Only a number that Vipps has just verified leads here, so an attacker learns nothing about numbers of others.
    """
    return not EARLIER_ACCOUNT.isdisjoint(reasons)


def greet(customer: Customer, line: Activity, *, news: bool) -> None:
    """Say whose account was opened and what was decided, with links to the details and to "Not you?".

    It must not query the database: the login is committed and must not fail any more.
    """
    brand, my_page = settings_of_app().brand, url_for("account.overview")
    text = _(WELCOMES[str(line.decision)], name=customer.name or _("our guest"), brand=brand)
    explained = WITH_LINK.format(text, url_for("account.why", activity_id=line.id), _("Why?"))
    # A browser that Vipps remembers logs in the person who used it last (Vipps Login API FAQ: remembered browser).
    flash(WITH_LINK.format(explained, my_page, _("Not you?")), "success")
    if line.decision == Verdict.CREATE and is_about_earlier_account(line.reasons):
        text = _("Another account here has, or had, your verified phone number.")
        flash(WITH_LINK.format(text, my_page, _("Is it yours?")), "info")
    if news:
        text = _("Your details in %(brand)s have changed.", brand=brand)
        flash(WITH_LINK.format(text, url_for("profile.page"), _("Choose what to keep")), "info")


def announce_refresh(refreshed: Refreshed) -> None:
    """Say what a refresh brought that the customer asked for."""
    brand, level = settings_of_app().brand, "info" if refreshed.proposed else "success"
    if refreshed.proposed:
        text = _("Your details in %(brand)s have changed. Choose below what to keep.", brand=brand)
    elif refreshed.news:
        text = _("Your details in %(brand)s have changed. We noted it and changed nothing here.", brand=brand)
    else:
        text = _("We asked %(brand)s, and nothing has changed.", brand=brand)
    flash(text, level)
