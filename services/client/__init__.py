"""Client of the backend: sign-in, requests, cache, offline files, credentials."""
