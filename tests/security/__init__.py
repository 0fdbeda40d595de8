"""What keeps the app and its users safe: attacks that must fail, secrets that must not be found."""
