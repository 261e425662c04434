"""A merchant with Flask-Dance: it supports OAuth 2.0 only, so userinfo alone identifies the customer."""

import os
import secrets

from flask import Flask, redirect, session
from flask_dance.consumer import OAuth2ConsumerBlueprint, oauth_authorized
from markupsafe import escape

os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"  # the simulator has no TLS
PROVIDER = os.environ["PROVIDER"]
PKCE = os.environ.get("SAFER") == "1"

app = Flask(__name__)
app.secret_key = secrets.token_hex()
vipps = OAuth2ConsumerBlueprint(
    "vipps",
    __name__,
    client_id=os.environ["CLIENT_ID"],
    client_secret=os.environ["CLIENT_SECRET"],
    scope=["openid", "name", "email", "phoneNumber", "address"],
    authorization_url=f"{PROVIDER}/access-management-1.0/access/oauth2/auth",
    token_url=f"{PROVIDER}/access-management-1.0/access/oauth2/token",
    token_url_params={"include_client_id": False},
    redirect_url="/",
    use_pkce=PKCE,
    code_challenge_method="S256",
)
app.register_blueprint(vipps, url_prefix="/login")


@oauth_authorized.connect_via(vipps)
def logged_in(blueprint: OAuth2ConsumerBlueprint, token: dict[str, str]) -> bool:
    """Read userinfo and remember the customer."""
    info = blueprint.session.get(f"{PROVIDER}/vipps-userinfo-api/userinfo").json()
    session["user"] = {"sub": info["sub"], "name": info.get("name", "customer")}
    return False


@app.get("/")
def home() -> str:
    """Say who is logged in."""
    if "user" not in session:
        return '<a href="/login/vipps">Log in with Vipps</a>'
    return f'Hello {escape(session["user"]["name"])} <a href="/logout">Log out</a>'


@app.get("/account")
def account() -> str:
    """Show the account."""
    return f"Account <b>{escape(session['user']['sub'])}</b>" if "user" in session else "Please log in."


@app.get("/logout")
def logout() -> object:
    """Log out."""
    session.clear()
    return redirect("/")
