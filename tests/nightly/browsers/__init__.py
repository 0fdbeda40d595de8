"""Browsers other than the one of the journeys."""
