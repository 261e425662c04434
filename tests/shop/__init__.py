"""Tests of catalogue, cart, checkout and orders."""
