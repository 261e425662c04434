"""The forms of the accounts, with the checks of their fields.

A password can be pasted or filled in by a password manager (ASVS 6.2.7). It is typed once: a link can replace it.
"""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import EmailField, Field, HiddenField, PasswordField, StringField, ValidationError
from wtforms.validators import DataRequired, InputRequired, Length

from app.customers.passwords import policy
from app.forms import Form, one_line
from app.vipps.values import normal_email

MAX_NAME = 200

NO_ADDRESS = _l("Enter an email address such as name@example.com.")


def is_address(form: Any, field: Field) -> None:
    """Accept an address that email can be sent to; the form's `address` is its normal form."""
    if normal_email(field.data) is None:
        raise ValidationError(str(NO_ADDRESS))


def is_good_password(form: Any, field: Field) -> None:
    """Accept a password that the policy allows for the form's `address`; otherwise say why it is refused."""
    if found := policy.problem(field.data or "", form.address):
        raise ValidationError(str(found))


def address_field() -> EmailField:
    """Return the field for an address that email can be sent to."""
    return EmailField(_l("Email address"), [InputRequired(_l("Enter your email address.")), is_address])


class EmailForm(Form):
    """Ask for an email to an address: a link to set a new password, or to change the account's address."""

    email = address_field()

    @property
    def address(self) -> str:
        """Return the valid address in its normal form."""
        return normal_email(self.email.data) or ""


class LoginForm(Form):
    """Log in. The form checks only that the fields are filled in; every mistake gets the same refusal."""

    email = EmailField(_l("Email address"), [InputRequired(_l("Enter your email address."))])
    password = PasswordField(_l("Password"), [InputRequired(_l("Enter your password."))])
    next = HiddenField()


class RegisterForm(EmailForm):
    """Create an account. A name of blanks, which the browser lets through, is refused."""

    name = StringField(
        _l("Name"),
        [DataRequired(_l("Enter your name.")), Length(max=MAX_NAME, message=_l("Use at most 200 characters."))],
        filters=[one_line],
    )
    email = address_field()
    password = PasswordField(_l("Password"), [InputRequired(_l("Choose a password.")), is_good_password])
    next = HiddenField()


class ConfirmForm(Form):
    """Confirm an address; another browser than the one that registered must give the password.

    `registration.confirm_address` checks the password.
    """

    password = PasswordField(_l("The password you chose"), [InputRequired()])


class NewPasswordForm(Form):
    """Set a new password by an emailed link."""

    password = PasswordField(_l("New password"), [InputRequired(_l("Choose a password.")), is_good_password])

    def __init__(self, email: str) -> None:
        """Store the account's address, which the password must not contain."""
        super().__init__()
        self.address = email


class ChangePasswordForm(NewPasswordForm):
    """Change the password, with the present one."""

    current = PasswordField(_l("Current password"), [InputRequired(_l("Enter your current password."))])


class ProofForm(Form):
    """Prove by the password that an account is one's own. The view checks the password."""

    password = PasswordField(_l("Password of that account"), [InputRequired(_l("Enter the password."))])


class ConfirmationForm(Form):
    """Re-authenticate by the password. The view checks the password."""

    password = PasswordField(_l("Password"), [InputRequired(_l("Enter your password."))])
    next = HiddenField()
