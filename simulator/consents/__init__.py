"""The screens on which Vipps asks for consents on a merchant's behalf.

A merchant's configuration is data: texts in up to five languages, and a version number that grows when it is saved.
`checks` says which configurations are possible, `defaults` has one of each kind, `editor` changes them as a form says.
`screens` turns a configuration into the very texts that a person sees in one language, and reports the same texts back
with the person's choices: what is reported is what was displayed.

Two kinds exist. `delegatedConsents` is one screen with up to four consents that Vipps has defined; its result has the
scope's name. `customFlow` is one or several screens of the merchant's own making; its result is called `flowResult`.

Sources: Vipps MobilePay Login API guide, “Collecting consents” and “Merchant-initiated login integration”
(delegatedConsents), “Custom flow migration” (customFlow and flowResult).
"""

DELEGATED_CONSENTS = "delegatedConsents"
CUSTOM_FLOW = "customFlow"
