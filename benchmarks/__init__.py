"""What the figures in docs/performance.md are made with: `python -m benchmarks`.

Everything is measured in one run, on one disk: the floor (SQLite and NNG alone), the bus, and the
peers that are installed. A round visits all of them in turn, so that whatever disturbs the machine
hits all alike, and a figure is the median of its rounds.

The parent process only starts daemons and players and writes down what they tell. A *player* is a
process of its own that performs *acts*, one after the other: the client in a benchmark never shares
an interpreter with the daemon, nor with what measures it.
"""
