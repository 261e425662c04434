"""A site around the integration: with `app/vipps` beside this file as `vipps`, `flask --app lift_out run`."""

import os
from typing import Any

from flask import Flask, redirect, session
from markupsafe import escape
from sqlalchemy import create_engine
from vipps import attempts, routes
from vipps.config import VippsConfig

BUTTON = '<a href="/login/vipps">Log in with Vipps</a>'
PUBLIC_URL = os.environ.get("PUBLIC_URL", "http://localhost:5000")
CONFIG = VippsConfig(
    base_url=os.environ.get("VIPPS_BASE_URL", "https://apitest.vipps.no"),
    client_id=os.environ["VIPPS_CLIENT_ID"],
    client_secret=os.environ["VIPPS_CLIENT_SECRET"],
    redirect_uri=f"{PUBLIC_URL}/login/vipps/callback",
    system_name="lift-out",
    scopes=("openid", "name"),
)


class Merchant:
    """What a login means here: the name is stored in the session's signed cookie, and nothing in a database."""

    def offer(self, next_path: str) -> Any:
        return BUTTON  # another site sent the browser here: let the person press it

    def count_start(self) -> None:
        pass  # a rate limit belongs here

    def lead_on(self, url: str) -> Any:
        return redirect(url)  # no form of this site starts a login

    def is_theirs(self, attempt: Any) -> bool:
        return not attempt.owner  # this site starts no login for an existing account

    def accept(self, login: Any) -> Any:
        session.clear()
        session.update(subject=login.userinfo.subject, name=login.userinfo.name or "customer")
        print(f"logged in: {login.userinfo.name}", flush=True)
        routes.integration().attempts.finish(login.attempt, "logged in")
        return redirect(login.attempt.next_path, 303)

    def repeat(self, attempt: Any, outcome: str | None) -> Any:
        return redirect(attempt.next_path, 303)  # the first answer has set the cookie, or has not

    def refuse(self, error: Any, next_path: str, purpose: Any) -> Any:
        page, brand = error.refusal.page, {"brand": "Vipps"}
        return f"<h1>{page.title % brand}</h1><p>{page.explanation % brand}</p>{BUTTON}", error.refusal.status


app = Flask(__name__)
app.config.update(
    SECRET_KEY=os.environ["SECRET_KEY"], SESSION_COOKIE_SECURE=CONFIG.secure_cookies, SESSION_COOKIE_SAMESITE="Lax"
)
engine = create_engine("sqlite:///logins.sqlite")
attempts.metadata.create_all(engine)
routes.init_app(app, CONFIG, Merchant(), engine=lambda: engine)


@app.get("/")
def home() -> str:
    """Say who is logged in."""
    return f"Hello, {escape(session['name'])}" if "subject" in session else BUTTON
