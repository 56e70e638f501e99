"""How files are read: lines, columns, quotes, JSON, Parquet, and which file is meant."""
