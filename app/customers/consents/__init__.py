"""Marketing consents: recorded with their proof, shown, changed by their owner, respected by whoever uses them.

models       the ledger's row
ledger       add to it, and read what holds now
channels     the ways in which the shop may send, and the words in which it asks
preferences  what holds for each channel, and how its customer changes it
asking       ask once, at a first login
unsubscribe  the link in a mail that ends it
audience     whom a channel may reach, with the proof
evidence     a customer's answers as a document
"""
