"""Workarounds of Flet 1.0.5: the only importer of its private names."""
