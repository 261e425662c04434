"""The base of every form: what is filled in is text, and nothing but the form's own fields counts."""

from typing import Any

from flask import request
from flask_wtf import FlaskForm

from app.vipps.sanitize import text


def one_line(typed: str | None) -> str:
    """Clean what a person typed as what Vipps says is cleaned: one line, without blanks around or invisible letters."""
    return text(typed) or ""


class Form(FlaskForm):
    """A form without files; a file sent under a text field's name is not there at all."""

    class Meta(FlaskForm.Meta):
        """Read the fields from the form's text only; Flask-WTF would add the files."""

        def wrap_formdata(self, form: Any, formdata: Any) -> Any:
            """Return the posted text, or None for a form that is only shown."""
            return request.form if form.is_submitted() else None
