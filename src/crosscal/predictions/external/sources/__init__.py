"""Where rows come from: files of every kind, tables and arrays in memory."""
