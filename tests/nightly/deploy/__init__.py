"""The files of `docs/deploy/`, started for real on this machine."""
