"""Give static files versioned URLs, so that a browser can cache them for a year and still gets each change.

`asset("css/shop.css")` in a template is `/static/css/shop.css?v=<first bytes of the content's SHA-256>`. A product's
picture is data and may be missing: `picture(product.picture)` is a placeholder then.
"""

import hashlib
from functools import lru_cache
from pathlib import Path

from flask import Flask, Response, current_app, request

from app.logging import log

STATIC = Path(__file__).resolve().parent.parent / "static"
A_YEAR = 365 * 24 * 3600
PLACEHOLDER = "brand/no-picture.svg"

_missing: set[str] = set()


def init_app(app: Flask) -> None:
    """Give `asset` and `picture` to the templates, and let browsers cache versioned URLs."""
    app.jinja_env.globals.update(asset=asset, picture=picture)
    app.after_request(cache_versioned)


def asset(path: str) -> str:
    """Return the versioned URL of a file under `static/`, a new one after each change in debug mode."""
    return _versioned.__wrapped__(path) if current_app and current_app.debug else _versioned(path)


@lru_cache(maxsize=1024)
def _versioned(path: str) -> str:
    digest = hashlib.sha256((STATIC / path).read_bytes()).hexdigest()
    return f"/static/{path}?v={digest[:10]}"


def picture(path: str) -> str:
    """Return the versioned URL of a product's picture, or of the placeholder if its file cannot be read."""
    try:
        return asset(path)
    except (OSError, ValueError):
        if path not in _missing:  # one line per process, not one per visitor
            _missing.add(path)
            log.error("picture_missing", path=path)
        return asset(PLACEHOLDER)


def cache_versioned(response: Response) -> Response:
    """Let a browser cache a static file for a year if its URL has the version."""
    if request.endpoint == "static" and "v" in request.args and response.status_code == 200:
        response.headers["Cache-Control"] = f"public, max-age={A_YEAR}, immutable"
    return response
