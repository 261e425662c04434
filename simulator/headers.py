"""The response headers of every page: a strict content policy, no framing, no storing in caches.

Logins are top-level navigations; framing is not supported (Vipps MobilePay Login API guide: browser flow integration).
"""

from urllib.parse import urlsplit

from flask import Flask, Response, g, request

from .context import simulator
from .version import DOCUMENTATION, FOLLOWS

_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not no-referrer: over HTTPS the CSRF protection compares the Referer of a form with its own origin.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    # No page of another site may embed the simulator's pages or answers (Fetch, section 3.7).
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}


def init_app(app: Flask) -> None:
    """Add the headers to all responses of the app."""
    app.after_request(_add)


def allow_form_target(redirect_uri: str) -> None:
    """Allow this page's forms to redirect to a merchant: browsers apply `form-action` to redirects too."""
    parts = urlsplit(redirect_uri)
    g.form_target = f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") else f"{parts.scheme}:"


def content_security_policy(form_target: str | None) -> str:
    """Return the policy: own styles and images, no script at all, forms to the simulator and to one merchant."""
    form_action = f"'self' {form_target}" if form_target else "'self'"
    return (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
        f"form-action {form_action}"
    )


def _add(response: Response) -> Response:
    response.headers.update(_ALWAYS)
    response.headers[FOLLOWS] = DOCUMENTATION
    response.headers["Content-Security-Policy"] = content_security_policy(g.get("form_target"))
    if simulator().config.secure:
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    if request.endpoint != "static" and "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
    return response
