"""The inspector under attack: a recording is shown to its own browser only, and what it recorded is shown as text."""

import re
from collections.abc import Callable

from flask import Flask

from tests.attacks.test_every_address import check_headers
from tests.attacks.test_markup_everywhere import HOSTILE, check_is_text, fill_in_everything, hostile, seen_by
from tests.conftest import browser_of, open_page
from tests.vipps_person import VippsPerson

__all__ = ["hostile"]  # a fixture


def test_a_redirect_to_the_guide_has_the_headers_too(make_app: Callable[..., Flask]) -> None:
    response = browser_of(make_app(demo=True)).get("/guide")
    assert response.status_code == 308
    check_headers(response, https=False, at=308)


def test_a_recorded_login_is_shown_to_its_own_browser_only(vipps: VippsPerson) -> None:
    vipps.log_in()
    links = [str(a["href"]) for a in open_page(vipps.browser, "/guide/inspector").select("main a")]
    (link,) = {each for each in links if re.fullmatch(r"/guide/inspector/\d+", each)}
    stranger = browser_of(vipps.app)
    for path in (link, f"{link}.json", f"/guide/inspector/compare?login={link.rpartition('/')[2]}&login=1"):
        assert vipps.browser.get(link).status_code == 200
        assert stranger.get(path).status_code == 404
    assert "Kari Sandvik" not in stranger.get("/guide/inspector").text


def test_the_inspector_shows_a_hostile_name_as_text(hostile: VippsPerson) -> None:
    fill_in_everything(hostile.app, hostile.browser)
    pages = seen_by(hostile.browser, ["/guide/inspector"])
    showing = [path for path, each in pages.items() if "xss-mark" in each.text and each.mimetype == "text/html"]
    assert any(path.startswith("/guide/inspector/") for path in showing)
    for path in showing:
        check_is_text(pages[path].text, path)
    compare = hostile.browser.get("/guide/inspector/compare", query_string={"login": HOSTILE})
    check_is_text(compare.text, "/guide/inspector/compare")
