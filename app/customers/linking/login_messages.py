"""What a Vipps login is told in one line: whose account this is, what was decided, and where to read why."""

from flask import flash, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup

from app.customers.models import Activity, Customer
from app.customers.profile.from_vipps import Refreshed
from app.settings import settings_of_app
from app.vipps.matching import Verdict

LINES = {
    Verdict.KNOWN_SUBJECT: _l("Welcome back, %(name)s: %(brand)s opens your account."),
    Verdict.LINK_AND_LOG_IN: _l(
        "You are logged in as %(name)s. You had an account here already, and %(brand)s opens it from now on."
    ),
    Verdict.LINK: _l("%(brand)s is connected: from now on it opens your account, %(name)s."),
    Verdict.CREATE: _l("Welcome, %(name)s. You are new here, so we have made you an account."),
}


def greet(customer: Customer, line: Activity, *, news: bool) -> None:
    """Say whose account was opened and what was decided, with a way to the details and a way out.

    Asks the database nothing: the login is committed, and must not fail any more.
    """
    said = LINES[Verdict(str(line.decision))] % {
        "name": customer.name or _("our guest"),
        "brand": settings_of_app().brand,
    }
    markup = Markup('{} <a href="{}">{}</a>').format(said, url_for("activity.why", activity_id=line.id), _("Why?"))
    # A browser that Vipps remembers logs in whoever used it last (Vipps Login API FAQ: remembered browser).
    markup += Markup(' <a href="{}">{}</a>').format(url_for("account.overview"), _("Not you?"))
    flash(markup, "success")
    if news:
        told = _("%(brand)s says something new about you.", brand=settings_of_app().brand)
        flash(Markup('{} <a href="{}">{}</a>').format(told, url_for("profile.page"), _("Choose what to keep")), "info")


def announce_refresh(refreshed: Refreshed) -> None:
    """Say what an asked-for refresh brought."""
    brand = settings_of_app().brand
    if refreshed.proposed:
        flash(_("%(brand)s told us something new. Please choose below what to keep.", brand=brand), "info")
    elif refreshed.news:
        flash(_("%(brand)s told us something new, and we have noted it.", brand=brand), "success")
    else:
        flash(_("We asked %(brand)s just now, and nothing has changed.", brand=brand), "success")
