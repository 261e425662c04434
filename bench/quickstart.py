"""A relying party to compare the shop's login with: the first example in the documentation of Authlib's Flask client.

It stores the profile in Flask's cookie and uses no database, so it does less than the shop.
"""

import os

from authlib.integrations.flask_client import OAuth
from flask import Flask, redirect, session, url_for
from flask.typing import ResponseReturnValue


def create_app(registry: type[OAuth] = OAuth) -> Flask:
    """Build the app for the provider that the environment names."""
    app = Flask(__name__)
    app.secret_key = os.environ["SECRET_KEY"]
    oauth = registry(app)
    oauth.register(
        "vipps",
        client_id=os.environ["VIPPS_CLIENT_ID"],
        client_secret=os.environ["VIPPS_CLIENT_SECRET"],
        server_metadata_url=os.environ["METADATA_URL"],
        client_kwargs={"scope": "openid name phoneNumber email address"},
    )

    @app.get("/login")
    def login() -> ResponseReturnValue:
        return oauth.vipps.authorize_redirect(url_for("callback", _external=True))

    @app.get("/callback")
    def callback() -> ResponseReturnValue:
        token = oauth.vipps.authorize_access_token()
        session["user"] = oauth.vipps.userinfo(token=token)
        return redirect("/account")

    @app.get("/account")
    def account() -> str:
        return str(session["user"]["name"])

    return app
