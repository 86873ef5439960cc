"""Workflows, runs and steps, as a client in another language would speak of them."""
