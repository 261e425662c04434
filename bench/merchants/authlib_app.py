"""A merchant with plain Authlib, as in its Flask quickstart; `SAFER=1` adds the checks that the checker demands."""

import os
import secrets

from authlib.integrations.flask_client import OAuth
from flask import Flask, abort, redirect, request, session
from markupsafe import escape

ORIGIN = os.environ["ORIGIN"]
SAFER = os.environ.get("SAFER") == "1"

app = Flask(__name__)
app.secret_key = secrets.token_hex()
oauth = OAuth(app)
oauth.register(
    "vipps",
    client_id=os.environ["CLIENT_ID"],
    client_secret=os.environ["CLIENT_SECRET"],
    server_metadata_url=os.environ["METADATA_URL"],
    client_kwargs={
        "scope": "openid name email phoneNumber address",
        **({"code_challenge_method": "S256", "default_timeout": 5} if SAFER else {}),
    },
)
signed_out: set[str] = set()


def user() -> dict[str, str] | None:
    """Return the customer of the session."""
    return None if session.get("id") in signed_out else session.get("user")


@app.get("/")
def home() -> str:
    """Say who is logged in."""
    if not user():
        return '<a href="/login">Log in with Vipps</a>'
    return (
        f'Hello {escape(user()["name"])} <form method="post" action="/logout">{token()}<button>Log out</button></form>'
    )


def token() -> str:
    """Return the hidden field with the CSRF token."""
    return f'<input type="hidden" name="token" value="{session["id"]}">'


@app.get("/account")
def account() -> str:
    """Show the account."""
    return f"Account <b>{escape(user()['sub'])}</b>" if user() else "Please log in."


@app.get("/login")
def login() -> object:
    """Start a login."""
    return oauth.vipps.authorize_redirect(f"{ORIGIN}/callback")


@app.get("/callback")
def callback() -> object:
    """Finish a login."""
    if not SAFER:
        claims = oauth.vipps.authorize_access_token()["userinfo"]
        session.update(user={"sub": claims["sub"], "name": "customer"}, id=secrets.token_hex())
        return redirect("/")
    try:
        answer = oauth.vipps.authorize_access_token()
        claims = answer["userinfo"]
        if oauth.vipps.userinfo(token=answer)["sub"] != claims["sub"] or not claims["sub"] or not claims["aud"]:
            raise ValueError("no subject, two subjects, or no audience")
    except Exception as error:
        app.logger.warning("refused: %s", type(error).__name__)
        return "<p>The login did not work. <a href='/login'>Log in again</a></p>", 400
    session.clear()
    session.update(user={"sub": claims["sub"], "name": "customer"}, id=secrets.token_hex())
    return redirect("/")


@app.route("/logout", methods=["POST"] if SAFER else ["GET", "POST"])
def logout() -> object:
    """Log out."""
    if SAFER and request.form.get("token") != session.get("id"):
        abort(400)
    if SAFER:
        signed_out.add(session.get("id", ""))
    session.clear()
    return redirect("/")


@app.after_request
def headers(response: object) -> object:
    """Add the headers that Flask leaves to the app."""
    if SAFER:
        response.headers.update(
            {
                "Content-Security-Policy": "frame-ancestors 'none'",
                "X-Content-Type-Options": "nosniff",
                "Cache-Control": "no-store",
            }
        )
    return response


if SAFER:
    app.config.update(SESSION_COOKIE_SAMESITE="Lax", SESSION_COOKIE_HTTPONLY=True)
