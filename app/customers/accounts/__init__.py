"""A customer's account: registration, email addresses and their proof, phone numbers, postal addresses."""
