"""The client room, under asyncio and under trio."""
