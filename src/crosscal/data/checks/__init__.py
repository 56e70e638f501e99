"""What `crosscal data check` looks for."""
