"""The simulator's own error pages: for refused authorization requests and for ordinary HTTP errors."""

from http import HTTPStatus

from flask import Flask, Response, make_response, render_template
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from .authorization import MAX_STATE, MAX_URL, Refused


def init_app(app: Flask) -> None:
    """Show errors in the simulator's own layout."""
    app.register_error_handler(CSRFError, _stale_form)
    app.register_error_handler(HTTPException, _http_error)


def refusal_page(refused: Refused) -> Response:
    """Show the person what is wrong; the merchant gets no callback (OpenID Connect Core section 3.1.2.6)."""
    page = render_template("refused.html", reason=refused.reason.value, redirect_uri=refused.redirect_uri)
    return make_response(page, HTTPStatus.BAD_REQUEST)


def gateway_page() -> Response:
    """Answer as the gateway in front of Vipps does when a URL is too long (Vipps MobilePay Login FAQ)."""
    page = render_template("bad_gateway.html", max_url=MAX_URL, max_state=MAX_STATE)
    return make_response(page, HTTPStatus.BAD_GATEWAY)


def problem_page(problem: str) -> Response:
    """Show why a login cannot continue in this browser: expired, finished, another browser's or unknown."""
    page = render_template("problem.html", problem=problem)
    return make_response(page, HTTPStatus.NOT_FOUND if problem == "unknown" else HTTPStatus.BAD_REQUEST)


def _stale_form(_error: CSRFError) -> Response:
    return problem_page("stale_form")


def _http_error(error: HTTPException) -> Response:
    response = make_response(render_template("http_error.html", code=error.code), error.code or 500)
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            response.headers[name] = value
    return response
