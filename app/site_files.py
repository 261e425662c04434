"""Serve the files that browsers, search engines and security researchers ask for at fixed addresses.

All visitors get the same files, so a cache may share them for an hour. Sources: RFC 9309 (robots.txt), sitemaps.org,
W3C "Web Application Manifest" and "A Well-Known URL for Changing Passwords", RFC 9116 (security.txt).
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from flask import Blueprint, Flask, Response, abort, current_app, redirect, url_for
from flask.typing import ResponseReturnValue
from markupsafe import escape

from app import about
from app.assets import asset
from app.i18n import LANGUAGES
from app.settings import settings_of_app

MAX_SITEMAP = 50_000  # addresses in one file (sitemaps.org)
SHARED_SECONDS = 3600
SECURITY_TXT_VALID = timedelta(days=180)  # RFC 9116, section 2.5.5, recommends less than a year
ICONS = {"brand/icon-192.png": "192x192", "brand/icon-512.png": "512x512"}
# A crawler that follows these would start logins and change languages. Private pages say `noindex` themselves.
ROBOTS = "User-agent: *\nDisallow: /login/vipps\nDisallow: /language/\n\nSitemap: {}/sitemap.xml\n"
SITEMAP = """<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
{}</urlset>
"""

bp = Blueprint("site_files", __name__)


def init_app(app: Flask) -> None:
    """Register the addresses; the parts of the site add their pages to the sitemap."""
    app.extensions["sitemap"] = []
    app.register_blueprint(bp)


def add_to_sitemap(app: Flask, paths: Callable[[], Iterable[str]]) -> None:
    """List public pages in the sitemap: the function returns their paths for each request."""
    app.extensions["sitemap"].append(paths)


@bp.after_request
def share(response: Response) -> Response:
    """Let caches share a file; a redirect or an error may change with a setting."""
    if response.status_code == 200:
        response.headers["Cache-Control"] = f"public, max-age={SHARED_SECONDS}"
    return response


@bp.get("/favicon.ico", defaults={"name": "favicon.ico"})
@bp.get("/apple-touch-icon.png", defaults={"name": "apple-touch-icon.png"})
def icon(name: str) -> ResponseReturnValue:
    """Serve an icon to clients that ask for its usual address instead of reading the page's links."""
    return current_app.send_static_file(f"brand/{name}")


@bp.get("/robots.txt")
def robots() -> ResponseReturnValue:
    """Tell crawlers what not to request, and where the sitemap is."""
    return Response(ROBOTS.format(settings_of_app().public_url), content_type="text/plain; charset=utf-8")


@bp.get("/sitemap.xml")
def sitemap() -> ResponseReturnValue:
    """List the public pages. Each is one address in every language, so there is no `hreflang`."""
    paths = [path for listed in current_app.extensions["sitemap"] for path in listed()]
    origin = settings_of_app().public_url
    urls = "".join(f"<url><loc>{escape(origin + path)}</loc></url>\n" for path in paths[:MAX_SITEMAP])
    return Response(SITEMAP.format(urls), content_type="application/xml; charset=utf-8")


@bp.get("/site.webmanifest")
def manifest() -> ResponseReturnValue:
    """Name the shop and its icons for a phone's home screen."""
    icons = [{"src": asset(path), "sizes": size, "type": "image/png"} for path, size in ICONS.items()]
    shown = {"name": about.NAME, "short_name": about.NAME, "start_url": "/", "display": "browser", "icons": icons}
    return shown, {"Content-Type": "application/manifest+json"}


@bp.get("/.well-known/security.txt")
def security_txt() -> ResponseReturnValue:
    """Tell security researchers where to report, if `SECURITY_CONTACT` is set."""
    settings = settings_of_app()
    contact = settings.security_contact
    if not contact:
        abort(404)
    expires = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + SECURITY_TXT_VALID
    fields = {
        "Contact": contact if contact.startswith("https://") else f"mailto:{contact}",
        "Expires": expires.isoformat().replace("+00:00", "Z"),
        "Preferred-Languages": ", ".join(LANGUAGES),
        "Canonical": settings.public_url + url_for(".security_txt"),
    }
    text = "".join(f"{name}: {value}\n" for name, value in fields.items())
    return Response(text, content_type="text/plain; charset=utf-8")


@bp.get("/.well-known/change-password")
def change_password() -> ResponseReturnValue:
    """Lead a password manager to the page where a customer changes the password."""
    if not settings_of_app().passwords:
        abort(404)
    return redirect(url_for("password.change"))
