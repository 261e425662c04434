"""What a provider may do, by mistake or on purpose: discovery, keys, the ID token, userinfo, the token endpoint."""

from app.guide.conformance.case import LOGS_IN, Case, Group

_CORE = "OpenID Connect Core"
_DISCOVERY = "OpenID Connect Discovery"

_LOGIN = (
    Case(
        "A01",
        "Everything is right",
        clause=f"{_CORE}, sections 3.1.2.1 and 3.1.3; ASVS 10.2.1",
        suite="oidcc-client-test",
    ),
    Case(
        "A29",
        "Claims come from userinfo, and the ID token has none",
        "The person is logged in, with what userinfo says; only the configured scopes were asked for.",
        f"{_CORE}, section 5.4; ASVS 10.2.3",
        "oidcc-client-test-scope-userinfo-claims",
    ),
    Case(
        "A30",
        "The client is registered for client_secret_basic",
        "The secret goes into the header and nowhere else, as plain base64, which is what Vipps documents.",
        "RFC 6749, section 2.3.1",
        "oidcc-client-test-client-secret-basic",
    ),
    Case("A31", "It is registered for client_secret_post, and so is the shop", clause="RFC 6749, section 2.3.1"),
    Case("A31b", "It is registered for client_secret_post, and the shop is not", "invalid_client"),
    Case(
        "A32",
        "Userinfo wants the access token",
        "The token goes into the header as a bearer, and into no address.",
        "RFC 6750, sections 2.1 and 2.3",
        "oidcc-client-test-userinfo-bearer-header",
    ),
    Case(
        "B01",
        "Three logins, one after the other",
        "Each has an S256 challenge and a verifier of its own that fits.",
        "RFC 9700, section 2.1.1; RFC 7636, sections 4.1 to 4.6; ASVS 10.2.1",
    ),
    Case(
        "B02",
        "Three logins, each begun twice",
        "Each has a state and a nonce of its own, of 256 random bits.",
        "RFC 6749, section 10.10; ASVS 10.1.2; ASVS 10.5.1",
    ),
    Case(
        "B44",
        "The granted scope is smaller than the one asked for, and only sub comes",
        clause="RFC 6749, section 3.3; Vipps Login API guide, scopes",
    ),
)

_METADATA = (
    Case(
        "A33",
        "The discovery document moves every endpoint",
        f"{LOGS_IN} The endpoints are those of the document, which three logins fetch once.",
        f"{_DISCOVERY}, section 4",
        "oidcc-client-test-discovery-openid-config",
    ),
    Case(
        "A34",
        "The document names another jwks_uri",
        clause=f"{_DISCOVERY}, section 3",
        suite="oidcc-client-test-discovery-jwks-uri-keys",
    ),
    Case(
        "A35",
        "The document names another issuer",
        "discovery_unusable",
        suite="oidcc-client-test-discovery-issuer-mismatch",
    ),
    Case(
        "B34",
        "The document names an endpoint on another host, or by another scheme",
        "discovery_unusable",
        "RFC 9700, section 2.6; ASVS 10.5.3",
    ),
    Case(
        "B35",
        "The provider is configured without TLS in production",
        "The shop does not start, and says which setting is wrong.",
        "ASVS 12.2.1",
        proved_by="tests/test_settings.py::test_a_wrong_or_half_setting_is_refused_by_its_name",
    ),
    Case("B36", "The provider’s certificate is nobody’s", "vipps_unreachable", "ASVS 12.3.2"),
)

_KEYS = (
    Case(
        "A14", "No kid, and one key", clause=f"{_CORE}, section 10.1", suite="oidcc-client-test-kid-absent-single-jwks"
    ),
    Case(
        "A15",
        "No kid, and several keys",
        "id_token_signature",
        f"{_CORE}, section 10.1 (the suite allows either)",
        "oidcc-client-test-kid-absent-multiple-jwks",
    ),
    Case(
        "A16",
        "A good RS256 signature",
        f"{LOGS_IN} The keys were asked for.",
        f"{_CORE}, section 3.1.3.7 (6)",
        "oidcc-client-test-idtoken-sig-rs256",
    ),
    Case("A19", "The signature’s bytes are wrong", "id_token_signature", suite="oidcc-client-test-invalid-sig-rs256"),
    Case("A20", "Another key signs, under the name of the published one", "id_token_signature"),
    Case(
        "A23",
        "The token says where its keys are, in jku or x5u",
        "id_token_signature",
        "ASVS 9.1.3; RFC 7515, sections 4.1.2 and 4.1.5",
    ),
    Case("A23b", "The token brings its own key, in jwk", "id_token_malformed", "ASVS 9.1.3; RFC 7515, section 4.1.3"),
    Case(
        "A36",
        "The key is replaced between two logins",
        clause=f"{_CORE}, section 10.1.1",
        suite="oidcc-client-test-signing-key-rotation",
    ),
    Case(
        "A37",
        "The key is replaced right before signing",
        clause=f"{_CORE}, section 10.1.1",
        suite="oidcc-client-test-signing-key-rotation-just-before-signing",
    ),
    Case("A38", "The old and the new key are published together", clause=f"{_CORE}, section 10.1.1"),
    Case(
        "A39",
        "The new key has the old one’s name",
        f"{LOGS_IN} The keys were fetched again.",
        f"{_CORE}, section 10.1.1",
    ),
    Case(
        "A40",
        "Twenty tokens name keys that never existed; that makes the shop ask for keys six times at most",
        "id_token_signature",
        f"{_CORE}, sections 3.1.3.7 (6) and 10.1.1",
    ),
    Case(
        "A41",
        "Keys of other kinds, uses and algorithms stand beside the good one",
        clause="RFC 7517, section 5",
        suite="oidcc-client-test",
    ),
    Case("A41b", "There is no usable key", "keys_unusable"),
)

_ID_TOKEN = (
    Case("A02", "It names another issuer", "id_token_issuer", suite="oidcc-client-test-invalid-iss"),
    Case("A03", "The issuer lacks its trailing slash", "id_token_issuer"),
    Case("A04", "It has no issuer", "id_token_issuer"),
    Case("A05", "It has no sub", "id_token_subject", suite="oidcc-client-test-missing-sub"),
    Case("A06", "sub is empty, blank, null, a number or a list", "id_token_subject"),
    Case("A07", "sub has 5,000 characters", "id_token_subject"),
    Case("A08", "It is for another client", "id_token_audience", suite="oidcc-client-test-invalid-aud"),
    Case("A09", "It is for another client, and azp is this one", "id_token_audience"),
    Case("A10", "azp is another client", "id_token_audience"),
    Case("A11", "It has no audience", "id_token_audience", suite="oidcc-client-test-missing-aud"),
    Case("A12", "The audience is a plain text", clause=f"{_CORE}, section 2"),
    Case("A13", "It has no iat", "id_token_times", suite="oidcc-client-test-missing-iat"),
    Case("A17", "alg is none", "id_token_algorithm", suite="oidcc-client-test-idtoken-sig-none"),
    Case("A18", "alg is none, and discovery offers it", "id_token_algorithm"),
    Case(
        "A21",
        "HMAC with the public key, or with the client’s secret",
        "id_token_algorithm",
        "RFC 8725, sections 2.1 and 3.1",
        "oidcc-client-test-invalid-sig-hs256",
    ),
    Case("A22", "RS384 or PS256 with the right key", "id_token_algorithm"),
    Case("A24", "An unknown critical header", "id_token_malformed", "RFC 7515, section 4.1.11"),
    Case("A27", "The nonce is wrong, empty or missing", "id_token_nonce", suite="oidcc-client-test-nonce-invalid"),
    Case("A28", "It is the token of an earlier login", "id_token_nonce", f"{_CORE}, section 15.5.2; ASVS 10.5.1"),
    Case("A42", "It has expired", "id_token_expired"),
    Case("A42b", "exp is missing, a text or true", "id_token_times"),
    Case("A43", "Clocks differ by almost 30 seconds, either way", clause="RFC 7519, section 4.1.4"),
    Case("A43b", "It expired ten minutes ago", "id_token_expired"),
    Case("A44", "iat or nbf is an hour ahead", "id_token_times"),
    Case("A45", "at_hash is another access token’s", "id_token_at_hash"),
    Case("A46", "It has no at_hash", clause=f"{_CORE}, section 3.1.3.6"),
    Case("A48", "Two or five parts, or no JSON object in it", "id_token_malformed"),
    Case(
        "A49",
        "It says role, is_admin and another e-mail address",
        f"{LOGS_IN} Nothing of it is kept.",
        "ASVS 15.3.3",
    ),
    Case("A50", "Two audiences, one of them this client, and azp says so", clause=f"{_CORE}, section 3.1.3.7 (3)-(5)"),
    Case("A51", "It is two days old, and has not expired", "id_token_times", f"{_CORE}, section 3.1.3.7 (10)"),
    Case("A51b", "The person was authenticated a year ago, and no max_age was asked", clause=f"{_CORE}, section 2"),
    Case("A52", "It has 2 MiB", "answer_too_large"),
    Case("A52b", "It has 100 KiB", "id_token_malformed", "ASVS 15.2.2"),
)

_USERINFO = (
    Case("A25", "Its sub is another person’s", "userinfo_subject", suite="oidcc-client-test-userinfo-invalid-sub"),
    Case("A26", "Its sub differs in case, is missing or null", "userinfo_subject"),
    Case("A53", "It is signed, though nobody asked", "userinfo_garbled"),
    Case("A53b", "It is a page, with status 200", "userinfo_garbled"),
    Case(
        "A53c",
        "It refers to claims at another place",
        f"{LOGS_IN} The other place is never asked.",
        f"{_CORE}, section 5.6.2 (support is optional)",
    ),
    Case("A53d", "It does not take the access token", "userinfo_refused"),
    Case("B33b", "It redirects elsewhere", "redirect_refused"),
)

_TOKEN = (
    Case("A47", "The answer has no ID token, or null", "id_token_missing"),
    Case("A47b", "The ID token is a number or an object", "id_token_malformed"),
    Case("B32", "A 307 sends the code and the secret to another host", "redirect_refused"),
    Case("B33", "A 302 sends them there", "redirect_refused"),
    Case(
        "B43",
        "token_type is mac or null, or there is no access token",
        "token_garbled",
        "RFC 6749, sections 5.1 and 7.1",
    ),
    Case("B43b", "It fails, and answers later", "vipps_failing"),
)

GROUPS = (
    Group("login", "A good login, and what it sends", "tests/conformance/test_login.py", _LOGIN),
    Group("discovery", "Discovery", "tests/conformance/test_discovery.py", _METADATA),
    Group("keys", "Keys and signatures", "tests/conformance/test_keys.py", _KEYS),
    Group("id-token", "The ID token", "tests/conformance/test_id_token.py", _ID_TOKEN),
    Group("userinfo", "Userinfo", "tests/conformance/test_userinfo.py", _USERINFO),
    Group("token-endpoint", "The token endpoint", "tests/conformance/test_token_endpoint.py", _TOKEN),
)
