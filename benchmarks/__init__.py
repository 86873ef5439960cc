"""What the figures in the docs are made with."""
