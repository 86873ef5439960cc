"""One function for each operation of the protocol, by theme; planning.py has the table."""
