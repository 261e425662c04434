"""The shop's pages, a blueprint per part."""
