"""Change an account's email address: a logged-in customer requests it, and an emailed link proves the new address.

Only the reader of the new mailbox learns whether another account has the address (ASVS 6.3.8). A registration that was
never confirmed has no owner, so it does not keep the address from a customer who proves it.
"""

from app.customers import account_activity, account_emails, email_tokens, lookup
from app.customers.models import Customer, EndReason, Kind, LoginMethod, TokenPurpose
from app.customers.privacy.erasure import erase
from app.customers.profile.change_history import record
from app.customers.profile.fields import Source, State
from app.customers.sessions.session_cookie import end_sessions_of
from app.database import begin_write, db


def send_link(customer: Customer, new_email: str) -> bool:
    """Email a link to a new address in its normal form. If another account has the address, email a notice instead.

    Return False if the address has reached its limit of emails; then roll back, so that the earlier link still works.
    """
    begin_write()
    lookup.lock_customer(customer.id)
    account_activity.record(customer, Kind.EMAIL_CHANGE_ASKED)
    owner = lookup.find_by_email(new_email)
    if owner is not None and owner is not customer and lookup.is_claimed(owner):
        email_tokens.revoke(customer, TokenPurpose.CHANGE_EMAIL)
        return account_emails.send(owner, "address_in_use")
    token = email_tokens.issue(customer, new_email, TokenPurpose.CHANGE_EMAIL)
    return account_emails.send(customer, "change_email", to=new_email, token=token)


def change(customer: Customer, token: str) -> bool:
    """Change the address to that of an emailed link, end other sessions and links, and tell the old address.

    Return False if the link does not work for this account, or if another account has the address by now. Raise
    `IntegrityError` if another request is faster (ASVS 6.3.7).
    """
    begin_write()
    proof = email_tokens.use(token, TokenPurpose.CHANGE_EMAIL)
    if proof is None or proof.customer_id != customer.id:
        return False
    owner = lookup.find_by_email(proof.email, lock=True)
    if owner is not None and owner is not customer:  # their own address, never confirmed, is confirmed now
        if lookup.is_claimed(owner):
            return False
        erase(owner)
    old_email = customer.email if customer.email != proof.email else None  # None: the same one, confirmed now
    customer.set_verified_email(proof.email)
    db.session.flush()
    email_tokens.revoke(customer)
    end_sessions_of(customer, EndReason.EMAIL_CHANGED, except_current=True)
    account_activity.record(customer, Kind.EMAIL_CHANGED, method=LoginMethod.MAIL)
    record(customer, "email", (old_email, proof.email), Source.CUSTOMER, State.APPLIED)
    if old_email:
        account_emails.send(customer, "email_changed", to=old_email)
    return True
