"""Questions answered by spans: one reader a file form."""
