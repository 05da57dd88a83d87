"""The rules of the source that no linter knows, each a small check over one file's syntax tree.

A rule is a function: the file's path from the root and its tree in, (line, message) pairs out.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

Findings = Iterator[tuple[int, str]]

UNIT_OF_WORK = {f"libs/eventkit/src/luban/eventkit/{module}.py" for module in ("uow", "async_uow")}
RELAY = {"libs/eventkit/src/luban/eventkit/relay.py"}
ENDINGS = {"commit", "rollback"}
SQL_ENDING = re.compile(r"\s*(commit|rollback|end)\b", re.IGNORECASE)

WALL_CLOCK = {
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
    "time": {"time", "time_ns", "localtime", "gmtime", "ctime"},
    "func": {"now", "current_timestamp", "current_date", "localtimestamp"},
}
STOPWATCH = {"monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "process_time"}
SQL_CLOCK = re.compile(
    r"(?<![\w.])(?:now\(\)|(?:clock|statement|transaction)_timestamp\(\)|current_(?:date|time|timestamp)\b|localtime)",
    re.IGNORECASE,
)
SQL_WORDS = re.compile(r"\b(select|insert|update|delete|values|where|default)\b", re.IGNORECASE)

IMPURE = {"asyncio", "http", "logging", "multiprocessing", "os", "pathlib", "secrets", "shutil", "signal", "socket"}
IMPURE |= {"sqlite3", "subprocess", "tempfile", "threading", "time", "urllib", "uuid.uuid4", "concurrent"}
PURE_IN_IMPURE = {"urllib.parse"}


def in_service(path: str, *layers: str) -> bool:
    """Whether a file belongs to a service, and there to one of the layers if any are named."""
    parts = PurePosixPath(path).parts
    if parts[0] != "services" or "src" not in parts:
        return False
    inside = parts[parts.index("src") + 3 :]
    return not layers or (bool(inside) and inside[0] in layers)


def no_commit_outside_the_unit_of_work(path: str, tree: ast.Module) -> Findings:
    """Only a unit of work, threaded or asynchronous, ends a transaction."""
    if path in UNIT_OF_WORK:
        return
    for call in _calls(tree):
        method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        said = call.args[0].value if call.args and isinstance(call.args[0], ast.Constant) else None
        if method in ENDINGS or (method in {"execute", "sql"} and isinstance(said, str) and SQL_ENDING.match(said)):
            yield call.lineno, "only a unit of work ends a transaction; raise to roll back, return to commit"


def no_clock_outside_the_unit_of_work(path: str, tree: ast.Module) -> Findings:
    """Services and libraries take the time from uow.now(), or in SQL from eventkit.now()."""
    if path.startswith("cli/"):
        return
    pure = path.startswith("libs/reference/") or in_service(path, "domain", "handlers")
    for node in ast.walk(tree):
        if any(_is_from(node, owner, names) for owner, names in WALL_CLOCK.items()):
            yield _line(node), "the time comes from uow.now(), and a day is passed in"
        elif pure and _is_from(node, "time", STOPWATCH):
            yield _line(node), "domain, handlers and reference measure no time"
    for line, text in _sql(tree) if in_service(path) else ():
        if SQL_CLOCK.search(text):
            yield line, "SQL of a service takes the time from eventkit.now()"


def no_producer_outside_the_relay(path: str, tree: ast.Module) -> Findings:
    """Only the relay sends: what is sent was committed first."""
    if path in RELAY:
        return
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.ImportFrom | ast.Import) else []
        if "KafkaProducer" in names or (isinstance(node, ast.Attribute) and node.attr == "KafkaProducer"):
            yield _line(node), "only luban.eventkit.relay sends; emit the event in a unit of work"


def domain_is_pure(path: str, tree: ast.Module) -> Findings:
    """A domain imports the standard library without I/O, luban.reference and itself."""
    if not in_service(path, "domain"):
        return
    parts = PurePosixPath(path).parts
    own = ".".join(parts[parts.index("src") + 1 : parts.index("domain") + 1])
    for line, module in _imports(tree, package=".".join(parts[parts.index("src") + 1 : -1])):
        if not _may_be_in_a_domain(module, own):
            yield line, f"a domain imports the standard library without I/O and luban.reference only, not {module}"
    for call in _calls(tree):
        if isinstance(call.func, ast.Name) and call.func.id in {"open", "input", "print"}:
            yield call.lineno, f"a domain does no I/O: {call.func.id}()"


def no_swallowed_error(path: str, tree: ast.Module) -> Findings:
    """Nobody catches everything and does nothing about it."""
    del path
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and _catches_all(node.type) and all(map(_is_idle, node.body)):
            yield node.lineno, "an error is swallowed: name the exception, or handle or log it"
        if _is_from(node, "contextlib", {"suppress"}) or (isinstance(node, ast.Name) and node.id == "suppress"):
            call = next((c for c in _calls(tree) if c.func is node), None)
            if call is not None and any(_catches_all(argument) for argument in call.args):
                yield call.lineno, "an error is swallowed: name the exception"


RULES = (
    no_commit_outside_the_unit_of_work,
    no_clock_outside_the_unit_of_work,
    no_producer_outside_the_relay,
    domain_is_pure,
    no_swallowed_error,
)


def findings(root: Path, folders: tuple[str, ...] = ("libs", "services", "cli")) -> list[str]:
    """`file:line: message` of every breach in the source trees below the root."""
    found = []
    for file in sorted(file for folder in folders for file in (root / folder).glob("**/src/**/*.py")):
        path = file.relative_to(root).as_posix()
        found += check(path, file.read_text(encoding="utf-8"))
    return found


def check(path: str, source: str) -> list[str]:
    """`file:line: message` of every breach in one file."""
    tree = ast.parse(source, path)
    return [f"{path}:{line}: {message}" for rule in RULES for line, message in rule(path, tree)]


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _line(node: ast.AST) -> int:
    return getattr(node, "lineno", 0)


def _is_from(node: ast.AST, owner: str, names: set[str]) -> bool:
    """`owner.name` for one of the names, however owner was reached, or `from owner import name`."""
    if isinstance(node, ast.ImportFrom):
        return node.module == owner and any(alias.name in names for alias in node.names)
    if not isinstance(node, ast.Attribute) or node.attr not in names:
        return False
    value = node.value
    return (isinstance(value, ast.Name) and value.id == owner) or (
        isinstance(value, ast.Attribute) and value.attr == owner
    )


def _sql(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, text) of every string that looks like SQL; what an f-string fills in is left out."""
    joined = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
    parts = {id(part) for node in joined for part in node.values}
    for node in ast.walk(tree):
        said = ""
        if isinstance(node, ast.JoinedStr):
            said = "".join(str(part.value) for part in node.values if isinstance(part, ast.Constant))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
            said = node.value
        if SQL_WORDS.search(said) or SQL_CLOCK.fullmatch(said):
            yield _line(node), said


def _imports(tree: ast.Module, package: str) -> Iterator[tuple[int, str]]:
    """(line, full name) of everything imported; a name imported from a module is given as module.name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: -(node.level - 1) or None] if node.level else []
            module = ".".join([*parents, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)


def _may_be_in_a_domain(module: str, own: str) -> bool:
    if any(_within(module, allowed) for allowed in (own, "luban.reference", *PURE_IN_IMPURE)):
        return True
    return module.partition(".")[0] in sys.stdlib_module_names and not any(_within(module, i) for i in IMPURE)


def _within(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def _catches_all(kind: ast.expr | None) -> bool:
    if isinstance(kind, ast.Tuple):
        return any(map(_catches_all, kind.elts))
    return kind is None or (isinstance(kind, ast.Name) and kind.id in {"Exception", "BaseException"})


def _is_idle(statement: ast.stmt) -> bool:
    """A statement that neither tells anybody nor changes anything."""
    if isinstance(statement, ast.Return):
        return statement.value is None or isinstance(statement.value, ast.Constant)
    return isinstance(statement, ast.Pass | ast.Continue | ast.Break) or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    )
