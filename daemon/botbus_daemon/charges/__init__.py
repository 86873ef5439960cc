"""What a bot may use of what belongs to all, and who is told when it is used up.

`settings` has the figures, `mailboxes`, `rates` and `stored` decide without disk or
clock, `room` acts.
"""
