"""Multiple choice: one reader a file form."""
