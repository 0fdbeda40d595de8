"""Tests of long or rare events: every fault on every screen, kills, cuts, soak, deployment."""
