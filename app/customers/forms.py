"""The forms of the accounts, and what a field may hold.

Passwords may be pasted and filled in by a password manager (ASVS 6.2.7), and are typed once: who slips can have a link.
"""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import EmailField, Field, HiddenField, PasswordField, StringField, ValidationError
from wtforms.validators import InputRequired, Length

from app.customers.passwords import policy
from app.customers.passwords.policy import Problem
from app.forms import Form, one_line
from app.vipps.values import normal_email

MAX_NAME = 200

NO_ADDRESS = _l("Enter an email address such as name@example.com.")
WEAK = {
    Problem.TOO_SHORT: _l("Use at least 8 characters. Three or four words make a good password."),
    Problem.TOO_LONG: _l("Use at most 200 characters."),
    Problem.COMMON: _l("That password is very common, so attackers try it first. Choose another one."),
    Problem.GUESSABLE: _l("Don’t use the shop’s name or your email address in the password."),
}


class AnAddress:
    """Accept an address that mail can be sent to; the form's `address` is its normal form."""

    def __call__(self, form: Any, field: Field) -> None:
        """Refuse anything else."""
        if normal_email(field.data) is None:
            raise ValidationError(str(NO_ADDRESS))


class GoodPassword:
    """Accept a password that `passwords.problem` has nothing against."""

    def __call__(self, form: Any, field: Field) -> None:
        """Refuse a weak one and say why."""
        found = policy.problem(field.data or "", form.owner_email())
        if found is not None:
            raise ValidationError(str(WEAK[found]))


def address_field() -> EmailField:
    """Return the field for an address that mail can be sent to."""
    return EmailField(_l("Email address"), [InputRequired(_l("Enter your email address.")), AnAddress()])


class WithAddress(Form):
    """A form whose `email` is an address."""

    @property
    def address(self) -> str:
        """Return the valid address in its normal form."""
        return normal_email(self.email.data) or ""

    def owner_email(self) -> str:
        """Return the address that the password must not repeat."""
        return self.address


class LoginForm(Form):
    """Log in. Its fields are not judged: everything that is not right is the same refusal."""

    email = EmailField(_l("Email address"), [InputRequired(_l("Enter your email address."))])
    password = PasswordField(_l("Password"), [InputRequired(_l("Enter your password."))])
    next = HiddenField()


class RegisterForm(WithAddress):
    """Create an account."""

    name = StringField(
        _l("Name"),
        [InputRequired(_l("Enter your name.")), Length(max=MAX_NAME, message=_l("Use at most 200 characters."))],
        filters=[one_line],
    )
    email = address_field()
    password = PasswordField(_l("Password"), [InputRequired(_l("Choose a password.")), GoodPassword()])
    next = HiddenField()

    def validate_name(self, field: Field) -> None:
        """Refuse a name of blanks, which the browser lets through."""
        if not field.data:
            raise ValidationError(_("Enter your name."))


class ConfirmForm(Form):
    """Confirm an address; the password is asked for in a browser that is not the one that registered.

    It is judged by `accounts.confirm_address` and not here.
    """

    password = PasswordField(_l("The password you chose"), [InputRequired()])


class EmailForm(WithAddress):
    """Ask for an email to an address: a link to set a new password, or to change the account's address."""

    email = address_field()


class NewPasswordForm(Form):
    """Set a new password by a mailed link."""

    password = PasswordField(_l("New password"), [InputRequired(_l("Choose a password.")), GoodPassword()])

    def __init__(self, email: str) -> None:
        """Remember whose password it is."""
        super().__init__()
        self._email = email

    def owner_email(self) -> str:
        """Return the address that the password must not repeat."""
        return self._email


class ChangePasswordForm(NewPasswordForm):
    """Change the password, with the present one."""

    current = PasswordField(_l("Current password"), [InputRequired(_l("Enter your current password."))])


class ProofForm(Form):
    """Prove that an account is one's own, by its password; it is judged where it is used."""

    password = PasswordField(_l("Password of that account"), [InputRequired(_l("Enter the password."))])


class ConfirmationForm(Form):
    """Confirm who is logged in, by the password; it is judged where it is used."""

    password = PasswordField(_l("Password"), [InputRequired(_l("Enter your password."))])
    next = HiddenField()
