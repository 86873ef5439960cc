"""Producers, consumers and workers, under load, while their daemon is killed again and again."""
