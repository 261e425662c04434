"""The development mode: the developer's machine, and no other, shows details that production hides."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

import wsgi
from app import assets
from app.dev_server import built_or_broken
from app.logging import configure, log
from tests.conftest import browser_of

SAID = "the third gear is missing"


@pytest.fixture
def debug_app(make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch) -> Flask:
    monkeypatch.setenv("FLASK_DEBUG", "1")
    app = make_app()
    app.config["PROPAGATE_EXCEPTIONS"] = None  # as on a server
    return app


def fail(*_: object) -> None:
    raise AttributeError(SAID)


def test_a_mistake_while_the_app_is_built_is_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(wsgi, "build_shop", fail)
    monkeypatch.setattr(wsgi, "settings_or_exit", lambda: None)
    with pytest.raises(RuntimeError, match=f"app could not be built: {SAID}"):
        wsgi.__getattr__("app")
    broken = built_or_broken(fail)
    assert SAID in capsys.readouterr().err
    with pytest.raises(AttributeError, match=SAID):
        broken({}, None)


def test_an_exception_reaches_the_debugger_and_the_log(debug_app: Flask, capsys: pytest.CaptureFixture[str]) -> None:
    debug_app.add_url_rule("/fails", view_func=fail)
    with pytest.raises(AttributeError, match=SAID):
        browser_of(debug_app).get("/fails")
    assert SAID in capsys.readouterr().err


def test_outside_of_development_neither_message_nor_debugger_is_shown(
    make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    app = make_app()
    app.add_url_rule("/fails", view_func=fail)
    assert browser_of(app).get("/fails").status_code == 500
    assert SAID not in capsys.readouterr().err
    monkeypatch.setenv("FLASK_DEBUG", "1")
    assert not make_app(PUBLIC_URL="https://shop.example.com").debug


def test_a_library_says_its_values_in_development_only(capsys: pytest.CaptureFixture[str]) -> None:
    for is_shown in (True, False):
        configure("text", shows_messages=is_shown)
        logging.getLogger("werkzeug").error("Debugger PIN: %s", "123-456")
        log.info("order_placed", order="one")
        said = capsys.readouterr().err
        assert ("123-456" in said) is is_shown
        assert "order_placed" in said


def test_a_changed_style_sheet_has_a_new_address(
    debug_app: Flask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(assets, "STATIC", tmp_path)
    with debug_app.test_request_context():
        addresses = []
        for text in ("a {}", "b {}"):
            (tmp_path / "shop.css").write_text(text)
            addresses.append(assets.asset("shop.css"))
    assert len(set(addresses)) == 2
