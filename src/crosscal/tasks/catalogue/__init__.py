"""The tasks that come with crosscal, as data."""
