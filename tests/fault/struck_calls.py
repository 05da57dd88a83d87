"""What a thread's system calls were for, as strace's log tells it: direction, who was spoken to, statement."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

LINE = re.compile(r'^(?P<call>\w+)\((?:\d+<(?P<peer>.*?)>(?=[,)]))?,? ?(?:"(?P<data>.*?)(?<!\\)")?')
PORT = re.compile(r"->[\d.]+:(\d+)\]")
STATEMENT = re.compile(
    r"(?i)(?<![a-z_])(?:select|insert into|update|delete from|with|copy|release|savepoint|begin|commit|rollback)\b"
    r" ?[\w.]*"
)
DIRECTIONS = {"send": "to", "writ": "to", "recv": "from", "read": "from"}


@dataclass(frozen=True)
class Call:
    """One system call: its name, which of its name it was in the run, from 1, and what it was for: empty where it ends
    what began before anybody looked."""

    name: str
    nth: int
    purpose: str


def read_calls(log: str, ports: Mapping[int, str]) -> list[Call]:
    """The calls of a log of `strace -yy`, up to the one that was struck. `ports` names who listens where."""
    counts: Counter[str] = Counter()
    return [Call(name, _next(counts, name), purpose) for name, purpose in _purposes(log, ports)]


def _next(counts: Counter[str], name: str) -> int:
    counts[name] += 1
    return counts[name]


def _purposes(log: str, ports: Mapping[int, str]) -> Iterator[tuple[str, str]]:
    asked: dict[str, str] = {}
    for line in log.splitlines():
        if (match := LINE.match(line)) is None:
            continue
        name, where, data = match["call"], match["peer"] or "", match["data"] or ""
        port = PORT.search(where)
        peer = ports.get(int(port[1]), "somebody") if port else "itself"
        direction = DIRECTIONS.get(name[:4], name)
        if (direction, peer) == ("to", "database"):
            asked[where] = _statement(data)
        known = peer != "database" or where in asked or direction not in ("to", "from")
        yield name, f"{direction} {peer} {asked.get(where, '')}".rstrip() if known else ""
        if "(INJECTED)" in line:
            return


def _statement(data: str) -> str:
    """The statement's first words, or the message's letter where it carries none."""
    found = STATEMENT.search(data.replace("\\n", " "))
    return found[0].strip().lower() if found else data[:1]
