"""Marketing consents: recorded with their proof, shown, changed by their owner, respected by every use.

models       the ledger's row
ledger       add to it, read what holds now, and copy it as a document
channels     the ways in which the shop may send, and the words in which it asks
preferences  the state of each channel, and how its customer changes it
consent_prompt  ask once, at a first login
unsubscribe  the link in a mail that ends it
audience     the customers whom a channel may reach, with the proof
"""
