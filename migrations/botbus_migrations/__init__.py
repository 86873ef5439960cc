"""The SQL of the daemon's own database: one numbered up/down pair per change, and nothing else."""

from pathlib import Path

FOLDER = Path(__file__).parent
