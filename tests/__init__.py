"""The tests, strict like the rest."""
