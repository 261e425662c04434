"""A login in a real browser, with pytest and Playwright: the person's own screens, found by their labels.

`log_in_at` works with every merchant: it starts when your login button has sent the browser to the simulator.
"""

import os

SHOP = os.environ.get("SHOP_URL", "http://localhost:3000")


def log_in_at(page, person):
    """Walk the screens of the simulator as a person, from the landing page to the merchant's callback."""
    page.get_by_label("Phone number").fill(person["phone_numbers"][0])
    page.get_by_role("button", name="Next").click()
    number = page.locator(".challenge").inner_text()
    press(page, page.get_by_role("button", name=number, exact=True))
    for name in ("I have opened the link", "Share and continue"):  # shown at the first login only
        button = page.get_by_role("button", name=name)
        if button.count():
            press(page, button)


def press(page, button):
    """Press a button, and wait for the page that follows: `count` looks at once, and would still see the old page."""
    with page.expect_navigation():
        button.click()


def test_log_in(page, vipps):
    page.goto(f"{SHOP}/login")  # your site sends the browser to the simulator, at `vipps.issuer`
    log_in_at(page, vipps.person("kari"))
    page.wait_for_url(f"{SHOP}/*")
    assert "Kari" in page.content()
