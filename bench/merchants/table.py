"""Writes the results into the guide's chapter, between two lines that mark the place."""

import json
from pathlib import Path
from typing import Any

from bench.processes import ROOT

CHAPTER = ROOT / "app" / "guide" / "chapters" / "17-checking-a-login.md"


def write_chapter(merchants: list[dict[str, Any]], results: Path) -> None:
    """TODO."""
