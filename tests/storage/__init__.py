"""The store by itself: the engine, the writer, the repositories."""
