"""Seeing what goes on: figures, health, metrics over HTTP, and the line for `systemctl status`."""
