"""A cluster's id is what Kafka's own tools take."""

import re

from luban.cli.apache.broker import new_cluster_id


def test_a_cluster_id_is_never_taken_for_an_option() -> None:
    made = {new_cluster_id() for _ in range(2_000)}
    assert len(made) == 2_000
    assert all(re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]{21}", each) for each in made)
