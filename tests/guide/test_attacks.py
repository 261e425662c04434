"""The guide under attack; that it shows hostile values as text: tests/attacks/test_markup_everywhere.py."""

import re
from collections.abc import Callable

from flask import Flask

from tests.attacks.test_every_address import check_headers
from tests.conftest import browser_of, open_page
from tests.vipps_person import VippsPerson


def test_a_redirect_to_the_guide_has_the_headers_too(make_app: Callable[..., Flask]) -> None:
    response = browser_of(make_app(demo=True)).get("/guide")
    assert response.status_code == 308
    check_headers(response, https=False, at=308)


def test_a_recorded_login_is_shown_to_its_own_browser_only(vipps: VippsPerson) -> None:
    vipps.log_in()
    links = [str(a["href"]) for a in open_page(vipps.browser, "/guide/inspector").select("main a")]
    (link,) = {each for each in links if re.fullmatch(r"/guide/inspector/\d+", each)}
    stranger = browser_of(vipps.app)
    vipps.log_in("ola", browser=stranger)  # so it has recordings of its own
    for path in (link, f"{link}.json", f"/guide/inspector/compare?login={link.rpartition('/')[2]}&login=1"):
        assert vipps.browser.get(link).status_code == 200
        assert stranger.get(path).status_code == 404
    assert "Kari Sandvik" not in stranger.get("/guide/inspector").text
