"""Paraphrase detection: one reader a file form."""
