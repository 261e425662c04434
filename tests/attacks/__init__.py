"""Attacks on the shop through every address and every form field."""
