"""The base class of every form: values are text, and only the form's own fields are read."""

from typing import Any

from flask import request
from flask_wtf import FlaskForm

from app.vipps.sanitize import text


def one_line(typed: str | None) -> str:
    """Sanitize typed text like a value from Vipps: one line, trimmed, without invisible characters."""
    return text(typed) or ""


class Form(FlaskForm):
    """A form without files: one that is sent under a text field's name is ignored."""

    class Meta(FlaskForm.Meta):
        """Read only the text fields of the request; Flask-WTF would add the files."""

        def wrap_formdata(self, form: Any, formdata: Any) -> Any:
            """Return the posted text, or None if the form was not submitted."""
            return request.form if form.is_submitted() else None
