"""What a person sees in the terminal: progress, tables, the functions behind the verbs."""
