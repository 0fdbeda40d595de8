"""Pure functions that answer questions about one contract, one module per question."""
