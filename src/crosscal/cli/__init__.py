"""What a person types and sees in the terminal: the verbs, one file a group."""
