"""Mutation testing: small wrongs are put into pure code one by one, and a test has to notice each."""
