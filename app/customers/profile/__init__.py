"""A customer's details: what Vipps said last, what the customer keeps here, and the history of both.

refresh_plan    a pure function: what a login's values do to the customer's own
from_vipps      store what Vipps says, and apply the plan
fields          the fields that both sides have, in one form
change_history  the customer's own values, their history, and the proposals to the customer
email_change    another email address for the account
forms           the page's forms
descriptions    what the page says about changes
"""
