"""Studies: the file, the plan, the executors, the store."""
