"""The one form in which an e-mail address is stored, compared and mailed to.

Two people must never share an account because two addresses look alike to one part of the code and not to another
(the dotless i, a capital letter, a list of two addresses). The rule: white space around it is cut, the part before the
@ is plain ASCII, the domain is in its ASCII form (IDNA), and the whole is in lower case. Nothing else is folded: a
plus-address and a dot stay what they are, because only the mailbox's owner knows what they mean.
"""

from email_validator import EmailNotValidError, validate_email

MAX_EMAIL_LENGTH = 320


def normal_email(text: str | None) -> str | None:
    """Return the address in its normal form, or None if it is no address that mail can be sent to."""
    if text is None or len(text) > MAX_EMAIL_LENGTH:
        return None
    try:
        # No DNS question: it would tell the resolver who is about to register, and fail when the network does.
        found = validate_email(text.strip(), check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        return None
    return found.ascii_email.lower() if found.ascii_email else None
