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
    system_version="1.0.0",
    scopes=("openid", "name"),
)


class Merchant(routes.Merchant):
    """What a login means here: the name is stored in the session's signed cookie, and nothing in a database."""

    def accept(self, login: Any) -> Any:
        session.clear()
        session.update(subject=login.userinfo.subject, name=login.userinfo.name or "customer")
        print(f"logged in: {login.userinfo.name}", flush=True)
        routes.integration().attempts.finish(login.attempt, "logged in")
        return redirect(login.attempt.next_path, 303)


app = Flask(__name__)
app.config.update(SECRET_KEY=os.environ["SECRET_KEY"], SESSION_COOKIE_SAMESITE="Lax")
app.config["SESSION_COOKIE_SECURE"] = CONFIG.secure_cookies
engine = create_engine("sqlite:///logins.sqlite")
attempts.metadata.create_all(engine)
routes.init_app(app, CONFIG, Merchant(), engine=lambda: engine)


@app.get("/")
def home() -> str:
    """Say who is logged in."""
    return f"Hello, {escape(session['name'])}" if "subject" in session else BUTTON
