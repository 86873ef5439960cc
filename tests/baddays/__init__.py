"""Bad days: a disk that fills up or fails, a clock set back, and clients that do their worst."""
