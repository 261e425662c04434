"""Sample products and customers, for tests and for the demo."""
