"""One training step divided: among processes with a device each, and on a device into parts."""
