"""Natural language inference: one reader a file form."""
