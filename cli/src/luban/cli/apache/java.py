"""Java: found, and new enough for Apache Kafka 4."""

import os
import re
import shutil
import subprocess
from functools import cache

from luban.cli.processes import ProcessError

OLDEST = 17
"""Apache Kafka 4's brokers need it."""
_NEEDED = f"Apache Kafka needs Java {OLDEST} or newer"
_ADVICE = "install a Java runtime and put it on the PATH, or name it by JAVA_HOME"
_SECONDS = 30.0


@cache
def java_program() -> str:
    """The `java` to run: $JAVA_HOME's, else the one on the PATH. Raises ProcessError where none will do."""
    home = os.environ.get("JAVA_HOME")
    program = shutil.which("java", path=f"{home}/bin" if home else None)
    if program is None:
        raise ProcessError(f"{_NEEDED}, and there is none {f'in {home}' if home else 'on the PATH'}: {_ADVICE}")
    release = _release(program)
    if release < OLDEST:
        raise ProcessError(f"{_NEEDED}, and {program} is {release or 'no Java that runs'}: {_ADVICE}")
    return program


def _release(program: str) -> int:
    """8, 17, 21 …; 0 where the program does not say."""
    said = subprocess.run(  # noqa: S603 -- the user's own Java
        [program, "-version"], capture_output=True, text=True, check=False, timeout=_SECONDS
    )
    found = re.search(r'version "(?:1\.)?(\d+)', said.stderr + said.stdout)
    return int(found[1]) if found and said.returncode == 0 else 0
