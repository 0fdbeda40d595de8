"""Security tests: simulated attacks, searches for leaked secrets, rules of the source code."""
