"""Producers and consumers as processes, under load, while their daemon is killed again and again."""
