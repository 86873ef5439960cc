"""History as a file of JSON lines: written from a database, and put back into one."""
