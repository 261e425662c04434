"""A customer's details: what Vipps said last, what the customer keeps here, and the history of both.

from_vipps   every login's refresh: compare, and let the customer's policy decide what a change does here
changes      the history, the questions to the customer and their answers, and what they edit themselves
values       the fields that both sides have, read and written in one form
forms        the page's forms
words        what the page says about them
"""
