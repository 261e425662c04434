"""The error clinic: every error that a merchant meets, and a button that makes it happen in the visitor's own login.

`ailments` is the table. Most of them happen at the provider: the button begins an ordinary login whose authorization
request asks the simulator for a mishap by name, so nobody else's login is touched. A few happen in this shop or in the
browser, such as a lost cookie; `routes` brings them about. What the shop then made of it, the inspector shows.
"""
