"""A site that has Flask-Login, Flask-SQLAlchemy and Flask-WTF already, with Vipps Login added to it.

With `app/vipps` beside this file as `vipps`: `flask --app flask_login_site run`. It logs in, links an account on its
page, and receives the revocation webhook. The numbers mark what is easy to forget.
"""

import os
import time
from typing import Any

from flask import Flask, redirect, request, session
from flask_login import LoginManager, UserMixin, current_user, login_required, login_user, logout_user
from flask_sqlalchemy import SQLAlchemy
from flask_wtf.csrf import CSRFProtect, generate_csrf
from markupsafe import escape
from vipps import attempts, routes, webhook
from vipps.config import VippsConfig
from vipps.errors import LoginRefused
from vipps.purposes import LoginPurpose
from vipps.revocation_event import Revoked
from werkzeug.security import check_password_hash

PUBLIC_URL = os.environ.get("PUBLIC_URL", "http://localhost:5000")
CONFIG = VippsConfig(
    base_url=os.environ.get("VIPPS_BASE_URL", "https://apitest.vipps.no"),
    client_id=os.environ["VIPPS_CLIENT_ID"],
    client_secret=os.environ["VIPPS_CLIENT_SECRET"],
    redirect_uri=f"{PUBLIC_URL}/login/vipps/callback",
    system_name="flask-login-site",
    system_version="1.0.0",
    scopes=("openid", "name", "email"),
    webhook_token=os.environ.get("VIPPS_WEBHOOK_TOKEN", ""),
)
RECENT_SECONDS = 600
app = Flask(__name__)
app.config.update(
    SECRET_KEY=os.environ["SECRET_KEY"],
    SESSION_COOKIE_SECURE=CONFIG.secure_cookies,
    SESSION_COOKIE_SAMESITE="Lax",  # Strict would lose the session on the way back from Vipps
    SQLALCHEMY_DATABASE_URI=os.environ.get("DATABASE_URL", "sqlite:///site.sqlite"),
)
db = SQLAlchemy(app)
logins = LoginManager(app)
csrf = CSRFProtect(app)


class User(UserMixin, db.Model):
    """A user of the site; `email` is None for one who came with Vipps and has no verified address."""

    id = db.Column(db.Integer, primary_key=True)
    email = db.Column(db.String(320), unique=True)
    name = db.Column(db.String(200), nullable=False, default="")
    password_hash = db.Column(db.String(300))
    sessions_end_before = db.Column(db.Float, nullable=False, default=0)  # seconds since 1970


class VippsLink(db.Model):
    """1. A user is known by issuer and subject, never by email or phone (OpenID Connect Core, section 5.7)."""

    issuer = db.Column(db.String(200), primary_key=True)
    subject = db.Column(db.String(255), primary_key=True)
    user_id = db.Column(db.ForeignKey("user.id"), unique=True, nullable=False)


@logins.user_loader
def load_user(user_id: str) -> Any:
    """Return the user of a session, unless it began before the user's sessions were ended."""
    user = db.session.get(User, int(user_id))
    return user if user and session.get("began_at", 0) >= user.sessions_end_before else None


def begin_session(user: Any) -> None:
    """4. Begin a new session: no value of the visitor before survives (session fixation)."""
    session.clear()
    session["began_at"] = time.time()
    login_user(user)


class Merchant(routes.Merchant):
    """What a login means on this site."""

    def is_theirs(self, attempt: Any) -> bool:
        """2. A link is for the user who asked for it: another one may have logged in meanwhile (RFC 9700, 4.7)."""
        return not attempt.owner or attempt.owner == current_user.get_id()

    def accept(self, login: Any) -> Any:
        """Find, link or create the user, in one transaction with the login's outcome."""
        found = db.session.get(VippsLink, (login.issuer, login.userinfo.subject))
        user = self.link(login, found) if login.attempt.purpose == LoginPurpose.CONNECT else self.log_in(login, found)
        # 3. On the same connection: SQLite lets one transaction write at a time.
        routes.integration().attempts.finish(login.attempt, "done", db.session.connection())
        db.session.commit()
        begin_session(user)
        return redirect(login.attempt.next_path, 303)

    def link(self, login: Any, found: Any) -> Any:
        """Link the Vipps user to the user who is logged in here."""
        if found is None:
            if db.session.scalar(db.select(VippsLink).where(VippsLink.user_id == current_user.id)):
                raise LoginRefused("other_subject")
            add_link(login, current_user.id)
        elif found.user_id != current_user.id:
            raise LoginRefused("linked_elsewhere")
        return db.session.get(User, current_user.id)

    def log_in(self, login: Any, found: Any) -> Any:
        """Return the user of a link, or a new one. 5. An email address is no proof: it opens no existing account."""
        if found is not None:
            return db.session.get(User, found.user_id)
        email = login.userinfo.email if login.userinfo.email_verified else None  # 6. None must not match None.
        if email and db.session.scalar(db.select(User).where(db.func.lower(User.email) == email.lower())):
            raise LoginRefused("several_accounts")  # its page says: log in with your password, and connect
        user = User(email=email, name=login.userinfo.name or "")
        db.session.add(user)
        db.session.flush()
        add_link(login, user.id)
        return user

    def receive(self, delivery: Any) -> bool:
        """7. The event is not signed, so do only what the next login can undo: end the sessions from before it."""
        if not isinstance(delivery.event, Revoked):
            return False
        if link := db.session.get(VippsLink, (delivery.issuer, delivery.event.subject)):
            user = db.session.get(User, link.user_id)
            user.sessions_end_before = max(user.sessions_end_before, delivery.event.issued_at.timestamp())
            db.session.commit()
        return True


def add_link(login: Any, user_id: int) -> None:
    """Add the row that a later login is found by."""
    db.session.add(VippsLink(issuer=login.issuer, subject=login.userinfo.subject, user_id=user_id))


with app.app_context():
    db.create_all()
    # 8. The table of open logins has metadata of its own. Alembic: target_metadata = [db.metadata, attempts.metadata].
    attempts.metadata.create_all(db.engine)
routes.init_app(app, CONFIG, Merchant(), engine=lambda: db.engine)
app.register_blueprint(webhook.bp)
csrf.exempt(webhook.bp)  # 9. Vipps sends it, not a browser; its address is the secret.


@app.get("/")
def home() -> str:
    """Say who is logged in, with a way in or out."""
    token = f'<input type="hidden" name="csrf_token" value="{generate_csrf()}">'
    if not current_user.is_authenticated:
        fields = '<input name="email"><input name="password" type="password"><button>Log in</button>'
        return f'<form action="/login" method="post">{token}{fields}</form><a href="/login/vipps">Log in with Vipps</a>'
    ways = (("connect", "Connect Vipps"), ("logout", "Log out"))
    forms = [f'<form action="/{path}" method="post">{token}<button>{words}</button></form>' for path, words in ways]
    return f"Hello, {escape(current_user.name or current_user.email)}{''.join(forms)}"


@app.post("/login")
def log_in_by_password() -> Any:
    """Log in with a password, as the site did before."""
    user = db.session.scalar(db.select(User).where(User.email == request.form.get("email", "").lower()))
    if user and user.password_hash and check_password_hash(user.password_hash, request.form.get("password", "")):
        begin_session(user)
    return redirect("/", 303)


@app.post("/connect")
@login_required
def connect() -> Any:
    """Start a login that links the Vipps user to this account. 10. It adds a way in, so it needs a recent login."""
    if time.time() - session["began_at"] > RECENT_SECONDS:
        logout_user()
        return redirect("/", 303)
    return routes.begin(LoginPurpose.CONNECT, "/", owner=current_user.get_id())


@app.post("/logout")
def log_out() -> Any:
    """End the session here. Vipps has no logout for merchants: its own session stays."""
    logout_user()
    return redirect("/", 303)
