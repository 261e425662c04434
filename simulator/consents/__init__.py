"""The consent screens that Vipps shows on a merchant's behalf.

A merchant's configuration is data: texts in up to five languages, and a version number that grows when it is saved.
`checks` validates configurations, `defaults` has one of each kind, `editor` changes them by a form. `screens` turns a
configuration into the texts that a person sees in one language, and returns the same texts with the person's choices:
the result contains exactly what was displayed.

Two kinds exist. `delegatedConsents` is one screen with up to four consents that Vipps has defined; its result has the
scope's name. `customFlow` is one or several screens that the merchant designs; its result is called `flowResult`.

Sources: Vipps MobilePay Login API guide, “Collecting consents” and “Merchant-initiated login integration”
(delegatedConsents), “Custom flow migration” (customFlow and flowResult).
"""

DELEGATED_CONSENTS = "delegatedConsents"
CUSTOM_FLOW = "customFlow"
