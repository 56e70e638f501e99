"""What the terminal shows of results, fitted to its width."""
