"""The merchant's page for its consent screens, as in the business portal.

One page for each kind of screen, one language of its texts at a time, with a preview of what a person will see. Saving
raises the version, so every person is asked again (Login API changelog, March 2025). A form that was opened before
another user saved is not saved (lost update): the page says so and shows the current configuration.
"""

from http import HTTPStatus
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from . import i18n, merchants
from .consents import CUSTOM_FLOW, DELEGATED_CONSENTS, checks, editor, languages
from .consents.screens import consents_screen, flow_screens
from .context import simulator
from .database import fetch
from .models import SalesUnit

bp = Blueprint("portal", __name__, url_prefix="/merchants/<client_id>/consents")

KINDS = (DELEGATED_CONSENTS, CUSTOM_FLOW)


@bp.get("")
def index(client_id: str) -> Response:
    """Redirect to the first kind."""
    return redirect(url_for("portal.show", client_id=client_id, kind=DELEGATED_CONSENTS), 303)


@bp.get("/<kind>")
def show(client_id: str, kind: str) -> str:
    """Show the configuration of a kind of screen."""
    with simulator().store.read() as session:
        unit = _unit(session, client_id, kind)
        return _page(unit, kind, merchants.consents_of(unit, kind))


@bp.post("/<kind>")
def save(client_id: str, kind: str) -> Response | tuple[str, int]:
    """Save the form as a new version."""
    with simulator().store.write() as session:
        unit = _unit(session, client_id, kind)
        current = merchants.consents_of(unit, kind)
        if request.form.get("version", type=int) != current["version"]:
            return _page(unit, kind, current, outdated=True), HTTPStatus.CONFLICT
        change = editor.changed_consents if kind == DELEGATED_CONSENTS else editor.changed_flow
        edited = change(current, request.form, _text_language())
        links = {name: request.form[name].strip() for name in ("terms_url", "privacy_url") if name in request.form}
        try:
            merchants.set_up_consents(unit, kind, edited, links)
        except ValueError as error:
            return _page(unit, kind, edited, links, problem=str(error)), HTTPStatus.BAD_REQUEST
    return redirect(url_for("portal.show", client_id=client_id, kind=kind, words=_text_language()), 303)


@bp.post("/<kind>/original")
def restore(client_id: str, kind: str) -> Response:
    """Restore the merchant's original configuration as a new version."""
    with simulator().store.write() as session:
        merchants.restore_consents(_unit(session, client_id, kind), kind)
    return redirect(url_for("portal.show", client_id=client_id, kind=kind, words=_text_language()), 303)


def _unit(session: Session, client_id: str, kind: str) -> SalesUnit:
    unit = fetch(session, SalesUnit, client_id)
    if unit is None or kind not in KINDS:
        abort(404)
    return unit


def _page(
    unit: SalesUnit,
    kind: str,
    config: dict[str, Any],
    links: dict[str, str] | None = None,
    *,
    problem: str = "",
    outdated: bool = False,
) -> str:
    """Render the form with a configuration, and the preview with the saved one."""
    language = _text_language()
    is_flow = kind == CUSTOM_FLOW
    preview = (flow_screens if is_flow else consents_screen)(
        merchants.consents_of(unit, kind), merchants.company(unit), language
    )
    return render_template(
        "portal_flow.html" if is_flow else "portal_consents.html",
        unit=unit,
        kind=kind,
        kinds=KINDS,
        config=config,
        chosen={each["id"]: each["required"] for each in config.get("consents", [])},
        links={"terms_url": unit.terms_url, "privacy_url": unit.privacy_url, **(links or {})},
        version=merchants.consents_of(unit, kind)["version"],  # 0: not configured
        text_language=language,
        text_languages=languages.LANGUAGES,
        captions={each: texts[language] for each, texts in languages.captions_of(config).items()},
        words=languages.fixed_texts(language),
        preview=preview,
        problem=problem,
        outdated=outdated,
        bounds=checks,
    )


def _text_language() -> str:
    """Return the language of the texts on the page: the chosen one, else that of this browser's consent screens."""
    chosen = request.values.get("words", "")
    return chosen if chosen in languages.LANGUAGES else i18n.screen_language()
