"""Files that only their owner may read, written whole or not at all."""

import json
import os
from pathlib import Path
from typing import Any


def write_secret(path: Path, text: str) -> None:
    """Replaces a file by `text`, mode 0600. Raises OSError; then or after a kill the file is the old or the new one."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def write_json(path: Path, value: object) -> None:
    """`write_secret` of indented JSON."""
    write_secret(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def read_json(path: Path, default: Any = None) -> Any:
    """What a JSON file holds, `default` when there is none."""
    if not path.exists():
        return default
    return json.loads(path.read_text(encoding="utf-8"))
