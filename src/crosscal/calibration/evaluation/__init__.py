"""Anyone's predictions evaluated by group."""
