"""Generates luban.events from proto/: Python, type stubs, and the descriptor set that docs/events.md is written from.

`python libs/contracts/tools/generate.py [OUT]`; the default OUT is the package itself, another lets a test find drift.
"""

import sys
from pathlib import Path

from grpc_tools import protoc

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = ROOT / "libs/contracts/src"


def generate(out: Path) -> None:
    """Writes every generated file below OUT. Raises SystemExit with protoc's own message."""
    sources = sorted(str(path.relative_to(ROOT / "proto")) for path in (ROOT / "proto").rglob("*.proto"))
    include = Path(protoc.__file__).parent / "_proto"
    plugin = Path(sys.executable).parent / "protoc-gen-mypy"
    code = protoc.main(
        [
            "protoc",
            f"-I{ROOT / 'proto'}",
            f"-I{include}",
            f"--plugin=protoc-gen-mypy={plugin}",
            f"--python_out={out}",
            f"--mypy_out=quiet:{out}",
            f"--descriptor_set_out={out / 'luban/events/v1/descriptors.binpb'}",
            "--include_source_info",
            *sources,
        ]
    )
    if code:
        raise SystemExit(code)


if __name__ == "__main__":
    generate(Path(sys.argv[1]) if len(sys.argv) > 1 else PACKAGE)
