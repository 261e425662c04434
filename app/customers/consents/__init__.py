"""Marketing consents: record them with their proof, show them, let the customer change them, and apply them."""
