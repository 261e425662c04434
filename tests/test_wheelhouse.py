"""The wheelhouse: the requirements of a platform and a Python version, whatever Python downloads them."""

import re
from pathlib import Path

import pytest

from tools.wheelhouse import main, requirements_for

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "requirements.txt").read_text()


@pytest.mark.parametrize(
    ("platform", "version", "there", "missing"),
    [
        ("windows", "3.13", {"tzdata", "deprecated"}, {"async-timeout"}),
        ("linux", "3.11", {"deprecated"}, {"tzdata", "async-timeout"}), ("macos", "3.12", {"pydantic"}, {"tzdata"}),
    ],
)  # fmt: skip
def test_markers_are_judged_for_the_target(platform: str, version: str, there: set[str], missing: set[str]) -> None:
    chosen = requirements_for(TEXT, platform, version)
    names = re.findall(r"^([\w.-]+)==", chosen, re.MULTILINE)
    assert there <= set(names)
    assert not missing & set(names)
    assert len(names) == len(set(names))
    assert " ; " not in chosen
    assert chosen.count("--hash=") >= len(names)


@pytest.mark.parametrize("targets", [[], ["windows"], ["amiga-3.12"], ["linux-3"]])
def test_an_unknown_target_is_named(targets: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(targets) == 2
    assert "windows-3.13" in capsys.readouterr().out
