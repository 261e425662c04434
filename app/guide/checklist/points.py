"""The points of the checklist: Vipps' own, and what this project asks before going live.

Source of the first part: Vipps MobilePay Login API, “Login API checklist” (October 2025, and the full text of 2023).
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Point:
    """One requirement. `code` are places in the source (`module:name`), `tests` are `file::function`.

    `asks` names the doctor's questions; a point that no machine can look into says in `by_hand` what to look at.
    """

    name: str
    title: str
    done: str
    code: Sequence[str] = ()
    tests: Sequence[str] = ()
    asks: Sequence[str] = ()
    by_hand: str = ""


OFFICIAL = (
    Point(
        "endpoints",
        "The endpoints are used as documented: discovery, keys, authorization, token, userinfo",
        "Every address comes from the discovery document, which is checked before it is believed, and kept for as long"
        " as it says.",
        ("app.vipps.discovery:Discovery.provider", "app.vipps.client:VippsClient"),
        ("tests/vipps/test_flow.py::test_a_login_makes_exactly_two_calls_and_none_at_its_start",),
        ("discovery", "keys"),
    ),
    Point(
        "browsers",
        "It works in all browsers, also in those that are not a phone’s default",
        "The login is an ordinary link and a redirect, without a script. A login that returns to another browser is"
        " explained, and begun again there.",
        ("app.vipps.routes:begin", "app.vipps.attempts:Attempts.claim"),
        ("tests/vipps/test_flow.py::test_a_callback_in_another_browser_logs_nobody_in_and_the_first_can_still_finish",),
        by_hand="Begin in Chrome on an iPhone, confirm in the app, and see where you return to.",
    ),
    Point(
        "linking",
        "Vipps users are linked to the shop’s own customers",
        "By sub, once and for good. A first login finds an account only by values that both sides have verified, and"
        " asks for proof where anything speaks against it.",
        ("app.vipps.matching:decide", "app.customers.linking.account_links:settle"),
        (
            "tests/customers/test_linking.py::test_an_account_that_both_sides_have_verified_opens_at_once",
            "tests/customers/test_linking.py::test_the_second_login_knows_the_subject",
        ),
    ),
    Point(
        "errors",
        "Errors are handled, logged, and told in words that customers and staff understand",
        "Every refusal has a name, a page, a log line and a reference number that leads from one to the other.",
        ("app.vipps.errors:REFUSALS", "app.customers.linking.vipps_login:VippsLogin.refuse"),
        (
            "tests/vipps/test_flow.py::test_every_error_of_the_redirect_has_its_page",
            "tests/vipps/test_errors.py::test_each_refusal_says_what_happened_and_what_to_do",
        ),
    ),
    Point(
        "headers",
        "The standard HTTP headers are sent with every call",
        "System name and version, and the merchant serial number when it is set. Userinfo gets its bearer token and no"
        " subscription key.",
        ("app.vipps.config:VippsConfig.tracking_headers",),
        ("tests/vipps/test_client.py::test_every_call_carries_the_tracking_headers_and_userinfo_a_bare_bearer_token",),
    ),
    Point(
        "flow",
        "The right flow for the place: the browser flow on the web",
        "Only the authorization code flow, begun by the person. Apps use app-to-app; login that the merchant begins is"
        " not for the web, and is not here.",
        ("app.vipps.client:VippsClient.authorization_url", "app.vipps.routes:started_by_the_person"),
        ("tests/vipps/test_flow.py::test_a_login_that_the_person_did_not_start_gets_the_login_page_instead",),
        ("authorization_request",),
    ),
    Point(
        "frames",
        "Not in an iframe",
        "The login is a navigation of the whole page, and no page of the shop lets itself be framed.",
        ("app.security:security_headers",),
        ("tests/test_web.py::test_the_security_headers_are_on_every_answer",),
    ),
    Point(
        "name",
        "Company name and logo are set on the sales unit",
        "They stand on Vipps’ pages and in the app’s list of companies with access.",
        by_hand="Look at them in the business portal, for the test unit and for the real one.",
    ),
    Point(
        "redirect_uris",
        "All redirect URIs are registered, with https, exactly, and without parameters",
        "There is one, built from PUBLIC_URL and never from what a request says its host is.",
        ("app.settings:Settings.redirect_uri",),
        ("tests/test_web.py::test_an_unknown_host_is_refused",),
        ("redirect_uri", "https", "authorization_request"),
    ),
    Point(
        "scopes",
        "Only the scopes that are needed; the national identity number only with leave",
        "Name, number, e-mail address and address, and the consent screen. The national identity number is refused as a"
        " setting, and dropped unread if it comes.",
        ("app.settings:Settings.scopes", "app.vipps.claims:drop_nin"),
        ("tests/test_settings.py::test_a_wrong_or_half_setting_is_refused_by_its_name",),
        ("scopes",),
    ),
    Point(
        "sharing",
        "Nothing is shared with other merchants",
        "The shop calls Vipps and its mail server, and nobody else. Its pages load nothing from elsewhere.",
        ("app.security:security_headers",),
        ("tests/test_web.py::test_the_security_headers_are_on_every_answer",),
    ),
    Point(
        "terms",
        "The shop’s own terms are shown, and what needs consent is asked for",
        "Terms and privacy statement say what this software does; consents are kept with the words that were shown.",
        ("app.customers.consents.ledger:record", "app.vipps.consents:parse"),
        (
            "tests/customers/test_vipps_login.py::test_the_session_and_the_consents_and_the_reasons_are_kept_with_the_login",
        ),
    ),
    Point(
        "state",
        "A fresh state for every request",
        "256 random bits, kept as a hash, good for fifteen minutes and for one callback in one browser.",
        ("app.vipps.attempts:Attempts.begin", "app.vipps.attempts:random_value"),
        (
            "tests/vipps/test_attempts.py::test_state_nonce_and_verifier_are_long_random_and_different_each_time",
            "tests/vipps/test_attempts.py::test_of_many_claims_at_once_exactly_one_wins",
        ),
    ),
    Point(
        "secret",
        "The client secret is never in a browser or an app",
        "It goes from the server to the token endpoint, and into no log, page or database.",
        ("app.vipps.client:VippsClient.exchange",),
        ("tests/customers/test_vipps_login.py::test_cookies_are_opaque_and_tokens_never_reach_browser_or_database",),
        ("client_authentication",),
    ),
    Point(
        "brand",
        "The brand is used as the guidelines say",
        "One button, drawn in one place, with the brand of the market: Vipps in Norway and Sweden, MobilePay in Denmark"
        " and Finland.",
        ("app.settings:Settings.brand",),
        ("tests/test_settings.py::test_the_brand_follows_the_market_unless_set",),
        by_hand="Compare the button with Vipps’ design guidelines before going live.",
    ),
    Point(
        "support",
        "Customer support finds what it needs in the shop’s own system",
        "The back office knows customers, logins with their reasons, consents, webhook events, and what a reference"
        " number stands for.",
        ("app.staff.search:find",),
        ("tests/browser/test_back_office.py::test_support_finds_a_customer_goes_back_and_exports_without_scripts",),
    ),
    Point(
        "token",
        "The ID token is validated, and sub is what is kept and linked",
        "Signature, algorithm, issuer, audience, times, nonce, access token, and the same sub in userinfo.",
        ("app.vipps.id_token:validate",),
        ("tests/vipps/test_client.py::test_userinfo_of_the_same_subject_in_other_case_is_somebody_else",),
        ("keys", "clock"),
    ),
)

OWN = (
    Point(
        "environment",
        "The keys, the host and the redirect URI are of the same environment",
        "One setting chooses it; half a configuration stops the start.",
        ("app.settings:load",),
        ("tests/test_settings.py::test_one_setting_moves_the_shop_to_the_real_vipps",),
        ("environment", "client_authentication"),
    ),
    Point(
        "secrets",
        "The shop’s own secrets cannot be guessed",
        "A signing key and a webhook address that are too short or the demo’s stop the start.",
        ("app.settings:load",),
        ("tests/test_settings.py::test_a_wrong_or_half_setting_is_refused_by_its_name",),
        ("secret_key", "cookies"),
    ),
    Point(
        "database",
        "The database is there, migrated, and backed up",
        "Migrations run by `flask setup`; consents cannot be changed in it, only added.",
        ("app.cli:setup",),
        ("tests/test_databases.py::test_the_migrations_make_exactly_the_models",),
        ("database", "migrations"),
        by_hand="Restore a backup once, before you need it.",
    ),
    Point(
        "mail",
        "Mail goes out",
        "Confirmation, proof and notices go by mail; one that fails is a log line with a reference.",
        ("app.mail:send",),
        asks=("mail",),
        by_hand="Register with an address of your own, and open the link.",
    ),
    Point(
        "webhook",
        "Vipps can tell the shop that somebody has ended the sharing",
        "At an address that only Vipps knows; what it says has only effects that can be undone.",
        ("app.vipps.webhook:consent_revoked", "app.customers.linking.revocation:receive"),
        ("tests/browser/test_revoked.py::test_what_was_shared_rests_until_the_next_login",),
        ("webhook",),
    ),
    Point(
        "limits",
        "Limits count the right addresses, and are shared by all hosts",
        "By network address behind the proxies that are trusted, and by the account that is aimed at.",
        ("app.security:client_network",),
        ("tests/test_web.py::test_forwarded_headers_are_believed_only_as_often_as_configured",),
        ("limits", "proxies"),
    ),
    Point(
        "rights",
        "Customers can see, take along, correct and delete what is kept",
        "On their page, by themselves; `flask retention` removes what is over its time, once a day.",
        ("app.customers.privacy.erasure:erase", "app.customers.privacy.retention:run"),
    ),
)
