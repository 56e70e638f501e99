"""What confidence is worth for choosing which answers to accept."""
