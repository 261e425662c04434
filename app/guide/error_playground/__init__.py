"""The error playground: every error that a merchant meets, with a button that triggers it in the visitor's own login.

`faults` reads the table. The simulator injects most of them: the button begins an ordinary login whose authorization
request names a fault, so no other customer's login is touched. `routes` injects the few that belong to this shop or to
the browser, such as a lost cookie. The inspector then shows where the shop caught the error.
"""
