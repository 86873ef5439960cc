"""What the writer does to runs, steps and waits, on a real file."""
