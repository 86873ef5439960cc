"""The room for durable runs: who holds them, who waits for them, and what ends by the clock."""
