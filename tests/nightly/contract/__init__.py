"""The contract under tools of others: two linters, and a mock server made from it."""
