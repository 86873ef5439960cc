"""`python -m benchmarks.plot`: the picture of a run, for people who look before they read.

Bars of what can be compared: like with like, all of one run. Needs matplotlib (the extra `plot`).
"""

import argparse
from pathlib import Path

import msgspec
from matplotlib import pyplot as plt

from benchmarks.places import RESULTS
from benchmarks.run import Record

BARS = {
    "messages a second, 64 publishers": {
        "botbus": "send.64.rate",
        "Redis Streams": "redis.64.tasks.rate",
        "NATS JetStream": "nats.64.rate",
    },
    "messages a second, 1,024 publishers": {
        "botbus": "send.1024.rate",
        "Redis Streams": "redis.1024.tasks.rate",
        "NATS JetStream": "nats.1024.rate",
    },
    "workflow steps a second, 16 runs": {
        "botbus": "steps.16.rate",
        "LangGraph": "langgraph.steps.16.rate",
        "DBOS": "dbos.steps.16.rate",
    },
}
"""Title of each picture, and the figure behind each of its bars."""
OURS, THEIRS = "#2f6f4f", "#b9c2bc"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.plot", description=__doc__)
    parser.add_argument("record", type=Path, nargs="?", default=RESULTS / "reference.json")
    record = parser.parse_args().record
    draw(msgspec.json.decode(record.read_bytes(), type=Record), record.with_suffix(".svg"))


def draw(record: Record, path: Path) -> None:
    """Writes an SVG. What was not measured has no bar."""
    plt.rcParams |= {
        "svg.hashsalt": "botbus",
        "svg.fonttype": "none",
        "font.size": 9,
        "axes.spines.top": False,
    }
    figure, places = plt.subplots(1, len(BARS), figsize=(11, 2.0), layout="constrained")
    for place, (title, bars) in zip(places, BARS.items(), strict=True):
        found = {who: record.figures[name] for who, name in bars.items() if name in record.figures}
        rates = [one.median for one in found.values()][::-1]
        names = list(found)[::-1]
        colours = [OURS if name == "botbus" else THEIRS for name in names]
        drawn = place.barh(names, rates, color=colours)
        place.bar_label(drawn, labels=[f"{rate:,.0f}" for rate in rates], padding=3)
        place.set_title(title, fontsize=9)
        place.set_xticks([])
        place.set_xlim(0, max(rates, default=1) * 1.25)
        place.spines[["right", "bottom"]].set_visible(False)
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    main()
