"""Sentences and their translations: one reader a file form."""
