"""The `botbus` command: a thin front over the client, the daemon and the migrator."""
