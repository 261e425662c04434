"""The source pages: they show only the project's own files, line by line."""

from pathlib import Path

import pytest
from flask import Flask

from app.guide import source
from tests.conftest import browser_of, open_page


def test_place_is_found_by_module_class_and_file() -> None:
    function = source.find("app.vipps.id_token:validate")
    assert function.text.startswith("def validate(")
    assert source.read(function.path).splitlines()[function.first - 1] == function.text.splitlines()[0]
    assert source.find("app.vipps.attempts:Attempts.claim").text.startswith("    def claim(")
    assert source.find("app.vipps.errors:REFUSALS").text.startswith("REFUSALS = ")
    assert source.find("app.guide:init_app").path == "app/guide/__init__.py"
    assert source.find("tests/guide/test_source.py::test_place_is_found_by_module_class_and_file").first > 1
    assert source.find("wsgi.py").first == 1
    assert source.find("app.vipps.routes:callback").text.startswith("@bp.get(CALLBACK_PATH)\n"), "with its decorator"


def test_a_line_is_found_by_its_text_if_there_is_just_one() -> None:
    number = source.line_of("app.vipps.id_token:validate", "claims.validate(leeway=LEEWAY)")
    assert "claims.validate(leeway=LEEWAY)" in source.read("app/vipps/id_token.py").splitlines()[number - 1]
    for words in ("raise LoginRefused(", "no such words", "def is_subject("):
        with pytest.raises(LookupError):
            source.line_of("app.vipps.id_token:validate", words)


@pytest.mark.parametrize(
    "name",
    [
        "app.vipps.id_token:nothing", "app.vipps.attempts:Attempts.nothing", "app.nothing:at_all",
        "tests/nothing.py::test", "tests/guide/test_source.py::test_place_is_found_by_module_class_and_file[one]",
        "app.vipps.id_token:", "nothing.py", "",
    ],
)  # fmt: skip
def test_a_place_that_does_not_exist_is_not_found(name: str) -> None:
    with pytest.raises(LookupError):
        source.find(name)


@pytest.mark.parametrize(
    "path",
    [
        "../etc/passwd", "%2e%2e/%2e%2e/etc/passwd", "app/../.env", ".env", "instance/secret_key",
        "static/fonts/fraunces-latin.woff2",
    ],
)  # fmt: skip
def test_other_files_of_this_machine_are_not_shown(demo_app: Flask, path: str) -> None:
    response = browser_of(demo_app).get(f"/guide/source/{path}", follow_redirects=True)
    assert response.status_code == 404
    assert "root:" not in response.text


def test_symbolic_links_out_of_the_project_are_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "project" / "app").mkdir(parents=True)
    (tmp_path / "secret.py").write_text("PASSWORD = 1")
    (tmp_path / "project" / "app" / "own.py").write_text("OWN = 1")
    (tmp_path / "project" / "app" / "led_out.py").symlink_to(tmp_path / "secret.py")
    monkeypatch.setattr(source, "ROOT", tmp_path / "project")
    assert source.files.__wrapped__() == {"app/own.py"}


def test_file_is_shown_line_by_line_with_a_place_for_each(demo_app: Flask) -> None:
    page = open_page(browser_of(demo_app), "/guide/source/app/vipps/id_token.py")
    text = source.read("app/vipps/id_token.py")
    assert len(page.select(".source-lines [id]")) == len(text.splitlines())
    assert "".join(each.get_text() for each in page.select("#L1")).endswith(text.splitlines()[0] + "\n")


def test_code_is_escaped_and_coloured_by_class_only() -> None:
    for suffix in (*source.LEXERS, ".unheard-of"):
        shown = source.highlighted('x = "<script>alert(1)</script>" & y\n', suffix)
        assert "<script" not in shown, suffix
        assert "style=" not in shown, suffix
        assert shown.count("\n") == 1, suffix


def test_every_file_that_can_be_shown_can_be_read() -> None:
    assert len(source.files()) > 300
    assert not [path for path in source.files() if path.startswith((".", "instance"))]
    for path in source.files():
        assert source.read(path) is not None
