"""Passwords: hash and compare them, refuse weak ones, and log in by them."""
