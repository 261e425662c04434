"""The return path of a login: only paths of this site, and no path that a browser reads as another site."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.vipps.return_path import local_path

EVIL = [
    "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "https:evil", "https://evil.example",
    "javascript:alert(1)", "/\t/evil.example", "/\n/evil.example", "\t//evil.example", " //evil.example", "/ /evil",
    "evil.example", "@evil.example", "/\x00", "/é", "/a\\b", "?x", "#x", "", None, "/" + "x" * 600, "data:text/html,x",
    "/login/vipps", "/login?next=/", "/\u2028/evil", "http:/evil", ".//evil", "/\x7f", "http:///evil.example",
    "/%0d%0aLocation:x\r\nevil", " //evil.example", "localhost:8000@evil.example",
]  # fmt: skip


@pytest.mark.parametrize("candidate", EVIL)
def test_a_path_that_could_leave_the_site_is_replaced(candidate: str | None) -> None:
    assert local_path(candidate, "/home") == "/home"


@pytest.mark.parametrize(
    "candidate", ["/", "/checkout", "/?q=ull&page=2", "/orders/M-7K3F-92QD#top", "/%2F%2Fevil", "/@evil", "/a//b"]
)
def test_paths_of_this_site_are_kept(candidate: str) -> None:
    assert local_path(candidate, "/home") == candidate


@given(st.text())
def test_every_accepted_path_begins_with_one_slash(candidate: str) -> None:
    kept = local_path(candidate, "/home")
    assert kept.startswith("/")
    assert not kept.startswith(("//", "/\\"))
    assert kept.isascii()
