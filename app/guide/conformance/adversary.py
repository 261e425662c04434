"""What others may do: to the response that comes back over the browser, and to the browser itself."""

from app.guide.conformance.case import LOGS_IN, Case, Group

_RESPONSE = (
    Case("B03", "The state is missing, empty, or there are two", "state_missing"),
    Case("B03b", "The state is another", "state_unknown"),
    Case(
        "B04",
        "A finished login of somebody else is opened in a fresh browser",
        "other_browser",
        "RFC 9700, section 4.7",
    ),
    Case("B04b", "A finished login of somebody else is opened in the middle of a login", "not_this_browser"),
    Case(
        "B05",
        "The code of another person’s login is injected; the provider checks the verifier",
        "invalid_grant",
        "RFC 9700, sections 4.5 and 4.5.3.1; RFC 7636, section 4.6",
    ),
    Case(
        "B05b",
        "The same; the provider checks nothing",
        "id_token_nonce",
        "RFC 9700, section 4.5.3.2; OpenID Connect Core, section 3.1.3.7 (11)",
    ),
    Case(
        "B06",
        "The state of one login with the code of another, in one browser",
        "invalid_grant",
        "RFC 9700, section 2.1.1",
    ),
    Case("B06b", "The same, at a provider that checks nothing", "id_token_nonce", "RFC 9700, section 2.1.1"),
    Case(
        "B07",
        "A used callback is opened again",
        "The person stays as they are; nothing is sent to the provider and no second session is made.",
        "RFC 9700, section 4.2.4; RFC 6749, section 4.1.2",
    ),
    Case("B09", "iss is another provider, comes twice, or is missing though it was promised", "issuer_mismatch"),
    Case("B10", "iss is right, promised or not", clause="RFC 9207, section 2.4"),
    Case(
        "B11",
        "The response of one environment is delivered to the shop of the other",
        "state_unknown",
        "RFC 9700, section 4.4; ASVS 6.8.1",
    ),
    Case(
        "B12",
        "An error, each of the documented ones",
        "Refused, each by its own name and with its own words; none is an alarm that cancelling should not be.",
        "RFC 6749, section 4.1.2.1; Vipps Login API guide, error codes",
    ),
    Case(
        "B13",
        "The person never returns",
        f"{LOGS_IN} The next login works, and the one that was left is over after 15 minutes.",
        "RFC 9700, section 4.7",
    ),
    Case(
        "B14", "Markup and 2,500 characters in error and error_description", "unknown_error", "ASVS 3.2.2; ASVS 16.4.1"
    ),
    Case(
        "B15",
        "An error without the right state, while another tab logs in",
        "Refused; the other tab’s login works, and who is logged in stays so.",
        "RFC 6749, section 4.1.2.1",
    ),
    Case("B17", "There is no code, or an empty one", "code_missing"),
    Case("B17b", "The code has 3,000 characters, or control characters", "code_malformed"),
    Case("B17c", "The code is unknown to the provider", "invalid_grant"),
    Case("B18", "Parameters that nobody knows, next among them", clause="RFC 6749, section 4.1.2"),
    Case("B42", "It comes twenty minutes after the start", "state_expired"),
    Case("B45", "An error code that nobody has seen", "unknown_error"),
)

_BROWSER = (
    Case(
        "B20",
        "next leads to another site, in 14 disguises",
        "The person is logged in, and stays on this site.",
        "RFC 9700, sections 2.1 and 4.11.1; ASVS 3.7.2",
    ),
    Case(
        "B22",
        "A session cookie was planted before the login",
        f"{LOGS_IN} The planted cookie is worth nothing.",
        "ASVS 7.2.4",
    ),
    Case(
        "B23",
        "Somebody looks at the cookies",
        "HttpOnly, SameSite=Lax, over https Secure and __Host-; opaque, and small.",
        "ASVS 3.3.1 to 3.3.5; ASVS 14.3.3",
    ),
    Case("B24", "Thirty logins are begun and left", f"{LOGS_IN} No cookie has grown.", "ASVS 15.2.2"),
    Case(
        "B25",
        "Pages of the login are framed",
        "frame-ancestors 'none' on each of them.",
        "RFC 9700, section 4.16; ASVS 3.4.6",
    ),
    Case(
        "B26",
        "The page after the callback has content of others",
        "The callback answers 303 to an address without code and state; no referrer leaves, nothing foreign is loaded.",
        "RFC 9700, section 4.2.4",
    ),
    Case(
        "B27",
        "The browser, or a proxy, keeps pages",
        "no-store on start, callback, refusal and the customer’s own pages.",
        "ASVS 14.3.2",
    ),
    Case(
        "B28",
        "Somebody reads the logs, at DEBUG",
        "No code, state, nonce, verifier, token or secret, and nothing about the person.",
        "ASVS 16.2.5; Vipps Login API guide, logging",
    ),
    Case("B30", "Somebody dumps the database", "No token is in it, and no code.", "ASVS 10.1.1"),
    Case("B31", "Somebody reads pages and cookies", "No token ever reaches the browser.", "ASVS 10.1.1"),
    Case(
        "B37",
        "Host and Forwarded headers are forged",
        "The redirect URI comes from the settings; an unknown host is refused.",
        "RFC 9700, section 4.13; ASVS 4.1.3",
    ),
    Case(
        "B38",
        "X-Forwarded-For is forged",
        "Believed only as often as there are trusted proxies.",
        "ASVS 15.3.4",
        proved_by="tests/test_web.py::test_forwarded_headers_are_believed_only_as_often_as_configured",
    ),
    Case(
        "B40",
        "Another site’s page begins the login, as a link, an image or a prefetch",
        "No login is begun; a link leads to the page with the button.",
        "ASVS 3.5.3; ASVS 7.6.2; OpenID Connect Core, section 3.1.2.1",
    ),
)

GROUPS = (
    Group("response", "The response that comes back", "tests/conformance/test_response.py", _RESPONSE),
    Group("browser", "The browser, and what is left in it", "tests/conformance/test_browser.py", _BROWSER),
)
