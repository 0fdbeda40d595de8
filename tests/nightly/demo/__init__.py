"""The static demo, built and opened in a browser."""
