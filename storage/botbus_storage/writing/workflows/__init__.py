"""Durable workflows: what the writer does to runs, steps and waits, one idea a file.

`execution` has the table of all of it. State moves only through `RunRow.move` and `step_rows`, which
ask the tables of states; everything is refused before anything is written; what follows for others
goes through `Consequences` into the outcome.
"""
