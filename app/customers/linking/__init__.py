"""Vipps logins and accounts: find, link or create the account of a Vipps user, and start a session."""
