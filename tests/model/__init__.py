"""The daemon held against a small oracle: random sequences of requests, with restarts and SIGKILLs."""
