"""Tagged words: one reader a file form."""
