"""Every name that appears in a recorded login, in one plain sentence each."""

RESULTS = {"passed": "passed", "failed": "failed", "not_reached": "not looked at"}  # of a check, see `checks.Result`

PARAMETERS = {
    "response_type": "“code”: we want a code, and fetch the rest ourselves. No token passes through the browser.",
    "client_id": "Who asks: this shop’s sales unit at Vipps. It is no secret.",
    "redirect_uri": "Where to send the browser back to. Vipps compares it letter by letter with what is registered.",
    "scope": "What we would like to know. You see the list in the app, and share all of it or nothing.",
    "state": "A random number that names this login. It comes back with the answer; without it, anybody could send your"
    " browser here with a login that you never began.",
    "nonce": "A second random number. Vipps writes it into the ID token, which so belongs to this login and no other.",
    "code_challenge": "PKCE: the fingerprint of a third random number, the verifier, which stays here. Whoever steals"
    " the code cannot use it without the verifier.",
    "code_challenge_method": "How the fingerprint was made: SHA-256. Vipps would take “plain” if we did not say.",
    "market": "The country, from which Vipps takes its name (Vipps or MobilePay) on the first screen.",
    "acr_values": "Ask in the app, even if this browser is remembered: used when you confirm something important.",
    "code": "A ticket that works once, for a couple of minutes, for us only. It is exchanged for the tokens.",
    "error": "Why there is no code.",
    "error_description": "A sentence for developers. Anybody could have written it, so we never show it to customers.",
    "iss": "Who sent the answer (RFC 9207). Vipps does not send it today; if it comes, it has to be right.",
    "next": "Where you wanted to go. Only pages of this shop are taken.",
    "grant_type": "What we bring: a code.",
    "code_verifier": "The third random number of the beginning. Its fingerprint has to be the challenge.",
    "client_secret": "This shop’s password at Vipps.",
    "simulate": "To the simulator only: the mishap that the error clinic has ordered.",
    "members": "From the page for those who have an account already: no new one is made.",
}

HEADERS = {
    "authorization": "Who calls: with Basic, our client id and secret; with Bearer, the access token of this login.",
    "content-type": "How the body is written.",
    "accept": "What we can read.",
    "accept-encoding": "Uncompressed, so that an answer cannot swell up in here.",
    "cache-control": "How long an answer may be kept. With “no-store” nothing of it stays in a cache; keys and"
    " addresses may stay for a while.",
    "location": "Where the browser goes next.",
    "merchant-serial-number": "Our sales unit’s number, by which Vipps’ support finds this call.",
    "vipps-system-name": "Who made this shop, for Vipps’ support.",
    "vipps-system-version": "And in which version.",
    "retry-after": "When to try again.",
    "sec-fetch-site": "Where the click came from. At the button, “cross-site” gets the login page: no other site may"
    " log you in. The way back from Vipps is always from another site.",
    "sec-fetch-mode": "“navigate”: a person goes to a page. A picture or a script gets no login.",
    "www-authenticate": "Why the call was refused.",
}

CLAIMS = {
    "iss": "Who wrote the token.",
    "sub": "Who you are: a name that only Vipps gives, that never changes, and that is another one in every shop. Once"
    " it is connected, the account is found by it and by nothing else.",
    "aud": "For whom it is: this shop.",
    "exp": "Until when it is good, in seconds since 1970.",
    "iat": "When it was written.",
    "nbf": "Since when it is good.",
    "auth_time": "When you confirmed in the app.",
    "nonce": "The random number that we sent.",
    "at_hash": "The fingerprint of the access token that came along.",
    "acr": "How you were asked.",
    "sid": "The number of the session at Vipps. Nothing is done with it.",
    "jti": "The token’s own number.",
    "rat": "When the login was asked for.",
    "azp": "Who asked for the token.",
    "alg": "How it is signed.",
    "kid": "Which of Vipps’ keys signed it.",
    "typ": "What kind of thing this is.",
    "access_token": "Opens userinfo for ten minutes. It is used once, here, and stored nowhere.",
    "id_token": "Says who logged in. It is opened below, part by part.",
    "token_type": "“Bearer”: whoever has the access token may use it.",
    "expires_in": "How long the access token is good, in seconds.",
    "scope": "What was granted.",
    "error": "Why the call was refused.",
    "error_description": "A sentence for developers.",
}

SCOPES = {
    "sub": "openid",
    "sid": "openid",
    "name": "name",
    "given_name": "name",
    "family_name": "name",
    "phone_number": "phoneNumber",
    "phone_number_verified": "phoneNumber",
    "email": "email",
    "email_verified": "email",
    "address": "address",
    "other_addresses": "address",
    "birthdate": "birthDate",
    "gender": "gender",
    "delegatedConsents": "delegatedConsents",
    "flowResult": "customFlow",
}
"""Which scope brought which claim of userinfo (Vipps Login API guide: scopes)."""

CALLS = {
    "token": "the code for the tokens",
    "userinfo": "the access token for who you are",
}
"""What each call of every login exchanges for what."""

TABLES = {
    "login_attempt": "the login in progress: the state’s fingerprint, nonce, verifier and the way back",
    "customer": "the account",
    "vipps_link": "which Vipps user opens which account",
    "vipps_profile": "what Vipps says about you, beside what you keep here",
    "customer_session": "the browser that is logged in; its cookie’s fingerprint",
    "activity": "the line in “What happened to your account”, with the decision and its reasons",
    "consent_record": "the consents with the words that were shown; a row is never changed",
    "profile_change": "what became another value, and what it did here",
    "pending_link": "a login that waits for proof",
    "cart": "the cart, which comes along",
    "cart_line": "what is in it",
    "mailed_proof": "a link that was mailed",
    "mail": "a mail to you, in the outbox",
}
