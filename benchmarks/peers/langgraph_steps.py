"""LangGraph with its SQLite checkpointer and `durability="sync"`: a node's result is on the disk
before the next one begins. The checkpointer chooses WAL, and SQLite's FULL holds.
"""

import asyncio
import importlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count, pairwise
from typing import Any, TypedDict

from benchmarks.figures import Measured
from benchmarks.peers.peer import Peer
from benchmarks.peers.stepping import installed, measured_in
from benchmarks.players import Ready
from benchmarks.stage import Stage
from benchmarks.steps import STEPS, in_steps, plain_step, step


def find() -> str | None:
    return installed("langgraph-checkpoint-sqlite") and installed("langgraph")


def measure(stage: Stage) -> Measured:
    return measured_in(stage, {"async": run_async, "def": run_plain})


PEER = Peer(
    "langgraph",
    "LangGraph on SQLite",
    find,
    measure,
    'LangGraph runs with durability="sync"; its checkpointer chooses WAL, with SQLite\'s FULL.',
)


def library(module: str) -> Any:
    """A module of LangGraph, which is told to report to nobody."""
    os.environ["LANGSMITH_TRACING"] = "false"
    return importlib.import_module(module)


class State(TypedDict):
    """What the nodes of a graph hand on."""

    ok: bool
    step: int


def ten_nodes(node: Callable[[State], object], saver: object) -> Any:
    """A graph of ten nodes in a row."""
    langgraph = library("langgraph.graph")
    graph = langgraph.StateGraph(State)
    names = [langgraph.START, *(f"step-{number}" for number in range(STEPS)), langgraph.END]
    for name in names[1:-1]:
        graph.add_node(name, node)
    for before, after in pairwise(names):
        graph.add_edge(before, after)
    return graph.compile(checkpointer=saver)


def call(run: Callable[..., Any], threads: "count[int]") -> Any:
    """What a run of a compiled graph gives, in a new thread of conversation."""
    settings = {"configurable": {"thread_id": str(next(threads))}}
    return run({"ok": True, "step": 0}, settings, durability="sync")


async def run_async(ready: Ready, database: str, runs: int, at_once: int) -> Measured:
    """Runs whose nodes are `async def`, with the asynchronous checkpointer."""

    async def node(state: State) -> object:
        return await step(state["step"] + 1)

    saver = library("langgraph.checkpoint.sqlite.aio").AsyncSqliteSaver
    async with saver.from_conn_string(database) as opened:
        graph = ten_nodes(node, opened)
        ready()
        return await in_steps(partial(call, graph.ainvoke, count()), runs, at_once)


async def run_plain(ready: Ready, database: str, runs: int, at_once: int) -> Measured:
    """Runs whose nodes are `def`, with the blocking checkpointer, each run in a thread."""

    def node(state: State) -> object:
        return plain_step(state["step"] + 1)

    saver = library("langgraph.checkpoint.sqlite").SqliteSaver
    with saver.from_conn_string(database) as opened, ThreadPoolExecutor(at_once) as threads:
        run = partial(call, ten_nodes(node, opened).invoke, count())
        ready()
        submit = partial(asyncio.get_running_loop().run_in_executor, threads, run)
        return await in_steps(submit, runs, at_once)
