"""luban topics."""

from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Column, Table

from luban.cli.console import DEFAULT_DATA_DIR, DataDir, Json, console, print_json, progress, refusing
from luban.cli.stack import Options, Profile, Stack, StackError
from luban.cli.topics import FoundTopic, ensure_topics, renew_topic
from luban.contracts.catalogue import EVENT_TOPICS, TOPICS, Topic


@refusing
def topics(
    data_dir: DataDir = DEFAULT_DATA_DIR,
    broker: Annotated[str | None, typer.Option(help="host:port of a broker, instead of the stack's.")] = None,
    profile: Annotated[Profile, typer.Option(help="With --broker: decides the partitions.")] = "production",
    replication: Annotated[int | None, typer.Option(min=1, help="With --broker: replicas; 3 in production.")] = None,
    renew: Annotated[
        list[str] | None, typer.Option(help="An event topic to make anew first: its journal is sent again.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Create the topics that are missing, check the others, and show their ids."""
    anew = [_event_topic(name) for name in renew or []]
    if broker is None:
        stack, options = Stack.read(data_dir), Options.read(data_dir.resolve())
        broker, profile, replication = stack.broker, stack.profile, options.replication
    replicas = replication or (3 if profile == "production" else 1)
    with progress(quiet=as_json) as report:
        for topic in anew:
            report(f"making {topic.name} anew")
            renew_topic(broker, topic, profile, replicas)
        report(f"asking {broker}")
        found = ensure_topics(broker, TOPICS, profile, replicas)
    if as_json:
        print_json([asdict(topic) for topic in found])
    else:
        _print(found)


def _event_topic(name: str) -> Topic:
    """A journal stands behind the event topics only."""
    known = {topic.name: topic for topic in EVENT_TOPICS}
    if name not in known:
        raise StackError(f"{name} cannot be made anew, as no journal could fill it; there are {', '.join(known)}")
    return known[name]


def _print(found: list[FoundTopic]) -> None:
    table = Table(Column("topic", overflow="fold"), "partitions", Column("topic id", overflow="fold"), "")
    for topic in found:
        table.add_row(topic.name, str(topic.partitions), topic.topic_id, "created" if topic.created else "")
    console.print(table, highlight=False)
