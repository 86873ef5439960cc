"""What is on disk: one writer with group commit, readers beside it, the repositories, the migrator.

Nothing outside this room sees SQL or a cursor. What the other rooms see are *operations* (values that
say what to do), their *outcomes*, and the queries of `Reader`.
"""
