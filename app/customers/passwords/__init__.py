"""Passwords: how they are stored, and which ones are refused."""
