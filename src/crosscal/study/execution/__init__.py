"""Where stages run, and where their results are kept."""
