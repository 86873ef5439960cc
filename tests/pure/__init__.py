"""Decisions without I/O, tested as such."""
