"""A merchant with Flask-OIDC, as its documentation shows it."""

import json
import os
import secrets
import tempfile

from flask import Flask, g, session
from flask_oidc import OpenIDConnect
from markupsafe import escape

ORIGIN = os.environ["ORIGIN"]
issuer = os.environ["ISSUER"]

with tempfile.NamedTemporaryFile("w", suffix=".json", delete=False) as file:
    json.dump(
        {
            "web": {
                "client_id": os.environ["CLIENT_ID"],
                "client_secret": os.environ["CLIENT_SECRET"],
                "issuer": issuer,
                "redirect_uris": [f"{ORIGIN}/authorize"],
            }
        },
        file,
    )

app = Flask(__name__)
app.config.update(
    SECRET_KEY=secrets.token_hex(),
    OIDC_CLIENT_SECRETS=file.name,
    OIDC_SERVER_METADATA_URL=os.environ["METADATA_URL"],
    OIDC_SCOPES="openid name email phoneNumber address",
)
oidc = OpenIDConnect(app, prefix="")


@app.get("/")
def home() -> str:
    """Say who is logged in."""
    if not oidc.user_loggedin:
        return '<a href="/login">Log in with Vipps</a>'
    return f'Hello {escape(session["oidc_auth_profile"].get("name", "customer"))} <a href="/logout">Log out</a>'


@app.get("/account")
@oidc.require_login
def account() -> str:
    """Show the account."""
    return f"Account <b>{escape(g.oidc_user.unique_id)}</b>"
