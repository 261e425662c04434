"""A customer's details: what Vipps said last, what the customer keeps here, and the history of both."""
