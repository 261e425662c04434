"""A customer's rights: a copy of their data, erasure, and retention, by the registry of `data_sources`."""
