"""The long-running process: it listens, decides, and acknowledges what is on disk."""
