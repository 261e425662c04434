"""A login in a real browser, with pytest and Playwright: the person's own screens, found by their labels.

`log_in_at` works with every merchant: it starts when your login button has sent the browser to the simulator.
"""

import re


def log_in_at(page, person):
    """Walk the screens of the simulator as a person, from the landing page to the merchant's callback."""
    page.get_by_label("Phone number").fill(person["phone_numbers"][0])
    page.get_by_role("button", name="Next").click()
    number = page.locator(".challenge").inner_text()
    page.get_by_role("button", name=number, exact=True).click()
    for name in ("I have verified", "Share and continue"):  # shown at the first login only
        if page.get_by_role("button", name=re.compile(name)).count():
            page.get_by_role("button", name=re.compile(name)).click()


def test_log_in(page, vipps):
    person = vipps.person("kari")
    callback = "http://localhost:9/callback"  # your own site opens the login, and its page is checked at the end
    page.route(f"{callback}*", lambda route: route.fulfill(body="Logged in"))
    page.goto(
        f"{vipps.url}/access-management-1.0/access/oauth2/auth?client_id={vipps.client_id}&response_type=code"
        f"&scope=openid%20name&state=a-random-state&redirect_uri={callback}"
    )
    log_in_at(page, person)
    page.wait_for_url(f"{callback}?code=*")
