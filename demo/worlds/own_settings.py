"""The settings that a visitor may change in their own world, kept in a file beside its database.

So a learner can see the shop with another market or consent scope, and no other visitor's shop changes.
"""

import json
import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import SelectField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import DataRequired

from app.forms import Form


def _choice(label: Any, texts: dict[str, Any]) -> SelectField:
    """Return a field with a text for each value of a setting."""
    return SelectField(label, [DataRequired()], choices=[SelectChoice(value, text) for value, text in texts.items()])


class WorldSettingsForm(Form):
    """Each field has the name of a setting, and a choice for each of its values."""

    vipps_market = _choice(
        _l("Market"), {"NO": _l("Norway"), "DK": _l("Denmark"), "FI": _l("Finland"), "SE": _l("Sweden")}
    )
    vipps_consent_scope = _choice(
        _l("Scope for marketing consents"),
        {
            "delegatedConsents": "delegatedConsents",
            "customFlow": "customFlow",
            "none": _l("None: the shop sends no marketing"),
        },
    )
    vipps_new_customers = _choice(
        _l("People without an account"),
        {"create": _l("Get an account at their first login"), "refuse": _l("Cannot log in")},
    )
    passwords = _choice(
        _l("Passwords"), {"True": _l("Customers can have a password"), "False": _l("Customers have no passwords")}
    )


def read(file: Path) -> dict[str, Any]:
    """Return the settings that a world's visitor changed; none without a file, or with one that is cut off."""
    with suppress(FileNotFoundError, ValueError):
        return dict(json.loads(file.read_text()))
    return {}


def write(file: Path, form: WorldSettingsForm) -> None:
    """Store a form that was validated. The next request builds the shop of this world again."""
    _store(file, {field.name: field.data for field in form if isinstance(field, SelectField)})


def clear(file: Path) -> None:
    """Go back to the first settings. The next request builds the shop again, also if there were no others."""
    _store(file, {})


def _store(file: Path, values: dict[str, Any]) -> None:
    draft = file.with_suffix(f".{os.getpid()}-{threading.get_ident()}")
    draft.write_text(json.dumps(values))
    draft.replace(file)
