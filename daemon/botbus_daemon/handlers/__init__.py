"""One function for each operation of the protocol, by theme; dispatch.py has the table."""
