"""What the daemon tells Prometheus."""

from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from tests.asking_http import get

Samples = dict[tuple[str, str], float]
"""By name, and the value of the label if there is one."""


def scraped(place: Path) -> Samples:
    answer = get(place, "/metrics")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/plain")
    return {
        (sample.name, next(iter(sample.labels.values()), "")): sample.value
        for family in text_string_to_metric_families(answer.body)
        for sample in family.samples
    }
