"""Running text: one reader a file form."""
