"""`record` compares two providers by the shape of their answers and shows no value."""

import json
from pathlib import Path

import pytest

from .. import record
from ..config import MerchantConfig
from ..serving import running

SECRET = "a-very-secret-value"
KEYS = {"VIPPS_CLIENT_ID": "recorded-id", "VIPPS_CLIENT_SECRET": SECRET}


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("keys")
def test_a_provider_like_the_simulator_has_no_differences_and_no_value_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    merchant = MerchantConfig(client_id="recorded-id", client_secret=SECRET, name="X", redirect_uris=())
    with running(merchants=(merchant,)) as other:
        file = tmp_path / "shapes.json"
        assert record.main(["--provider", other.url, "--output", str(file)]) == 0
    assert capsys.readouterr().out == "No differences.\n"
    recorded = file.read_text()
    assert len(json.loads(recorded)["provider"]) == 9
    assert json.loads(recorded)["provider"]["token, wrong code"]["status"] == "400"
    assert SECRET not in recorded
    assert other.url not in recorded


@pytest.mark.usefixtures("keys")
def test_each_difference_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with running() as other:  # it does not know the merchant
        assert record.main(["--provider", other.url]) == 1
    printed = capsys.readouterr().out
    assert "token, wrong code: status is 401 at the provider, 400 in the simulator" in printed
    assert SECRET not in printed


@pytest.mark.usefixtures("keys")
def test_no_answer_is_said(unused_port: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert record.main(["--provider", f"http://localhost:{unused_port}"]) == 2
    assert "no answer" in capsys.readouterr().out


def test_without_keys_it_says_which_are_needed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in KEYS:
        monkeypatch.delenv(name, raising=False)
    assert record.main([]) == 2
    assert "VIPPS_CLIENT_ID" in capsys.readouterr().out


def test_shapes_have_no_values_but_lists_of_what_is_supported() -> None:
    value = {"a": [{"b": 1}], "c": [], "scopes_supported": ["b", "a"], "d": None}
    assert record.shape(value) == {
        "body.a[].b": "int", "body.c": "empty list", "body.scopes_supported": "a, b", "body.d": "NoneType",
    }  # fmt: skip
