"""Vipps Login for a merchant, as a folder that can be lifted out: it imports nothing of the shop around it.

Read it in the order of a login: `routes` (start, callback), `attempts` (a login in progress), `client` (the
calls to Vipps) with `discovery`, `transport` and `id_token` beneath it, `claims` (what came back), `matching` (which
customer is this?) and `errors` (everything that can go wrong, by name).
"""
