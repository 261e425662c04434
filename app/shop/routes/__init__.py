"""The shop's pages, one blueprint per module."""

from app.shop.routes import cart, catalogue, checkout, legal, orders

BLUEPRINTS = (catalogue.bp, cart.bp, checkout.bp, orders.bp, legal.bp)
