"""The pages of the accounts: log in and out, register, passwords, my page, what Vipps may do here.

They are listed here and not in `app.customers`, where a page's module would hide the rules of the same name.
"""

from app.customers.routes import (
    account,
    activity,
    confirm,
    consents,
    delete,
    email,
    export,
    login,
    password,
    profile,
    register,
    sessions,
    unsubscribe,
    vipps,
)

BLUEPRINTS = (
    login.bp,
    register.bp,
    password.bp,
    account.bp,
    activity.bp,
    confirm.bp,
    consents.bp,
    delete.bp,
    email.bp,
    export.bp,
    profile.bp,
    sessions.bp,
    unsubscribe.bp,
    vipps.bp,
)
