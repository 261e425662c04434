"""Marketing consents: recorded with their proof, shown, changed by their owner, respected by whoever uses them.

models    the ledger's row
ledger    add to it, and read what holds now
"""
