"""Who keeps this shop: what a fork changes first, and the only place that says it.

Pages, mails, questions and the rule for new passwords take the shop's name from here.
"""

NAME = "Multe"
"""What people know the shop by. It is in every consent that was given, so a new name is a new question."""
SLUG = "multe"
"""The name as it stands in file names, and as Vipps sees this software: small letters, digits and hyphens."""
EMAIL = "post@multe.example"
"""Where people write to; shown on pages."""
STREET = "Kaigata 4"
TOWN = "Skarvfjell"
ADDRESS = f"{STREET}, {TOWN}"
"""Where the shop is: in the terms, in the privacy notice, and for who picks up an order."""
CURRENCY, PRICE_LOCALE = "NOK", "nb_NO"
"""The currency of every price (ISO 4217), and the locale in which English pages write prices."""
ORDER_PREFIX = "M"
"""What order numbers begin with, so that they are not taken for another shop's."""
DELIVERY_PRICE = 0
"""What it costs to send an order, in the currency's smallest unit (4900 is 49 kr); 0 is free, as pick-up always is."""
