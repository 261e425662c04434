"""A customer's profile: the latest values from Vipps, the customer's own values here, and the history of both."""
