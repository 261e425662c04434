"""The shop's name, contact details, currency and delivery price. A fork changes these values first.

Pages, emails, consent questions and the rule for new passwords take the shop's name from here.
"""

NAME = "Multe"
"""The shop's public name. It is part of every consent question, so after a change customers are asked again."""
SLUG = "multe"
"""The name in file names and in the system name that is sent to Vipps: lower-case letters, digits and hyphens."""
EMAIL = "post@multe.example"
"""The contact address, shown on pages."""
STREET = "Kaigata 4"
TOWN = "Skarvfjell"
ADDRESS = f"{STREET}, {TOWN}"
"""The shop's address, shown in the terms, in the privacy notice and to customers who pick up an order."""
CURRENCY, PRICE_LOCALE = "NOK", "nb_NO"
"""The currency of every price (ISO 4217), and the locale in which English pages write prices."""
ORDER_PREFIX = "M"
"""The prefix of order numbers. It distinguishes them from those of other shops."""
DELIVERY_PRICE = 0
"""The price of delivery, in the currency's smallest unit: 4900 is 49 kr, 0 is free. Pick-up is always free."""
