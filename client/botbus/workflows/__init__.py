"""Durable workflows: functions whose steps are on disk, and the workers that run them.

A workflow is an async function. What it does to the world, it does in named steps; the result of
each is on disk before the next one begins. When a worker dies, another one calls the function again
from the start: finished steps give their stored results at once, and it goes on with the first one
that is not finished. So the function itself must come to the same steps again from the same results,
and await nothing but what its `Run` offers (and task groups made of that).

    definition  a function as a workflow          run        what the function is given
    execution   one run in these hands            grip       its lease, and checkpoints under it
    memo        what is known of its steps        stepping   one step, attempt after attempt
    waits       what its branches wait for        waiting    steps that nobody runs
    worker      claims, slots, heartbeats         handle     a run, seen by who started it
"""
