"""A customer's rights: a copy of everything about them, erasure, and what is forgotten by itself."""
