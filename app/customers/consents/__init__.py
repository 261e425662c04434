"""Marketing consents: recorded with their proof, shown, changed by their owner, respected by every use."""
