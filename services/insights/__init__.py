"""Questions about one contract, answered by pure functions: one module a question."""
