"""The questions that readers answer; each is a function of a `query_only` connection."""
