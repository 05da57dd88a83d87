"""`python struck_service.py PLACES SERVICE ROLE` becomes `python -m luban.SERVICE ROLE`, in the group and with the
environment that the file PLACES names for it. Takes the place of a service's command in a stack that is to be struck.
"""

import json
import os
import sys
from pathlib import Path


def main(places: str, service: str, role: str) -> None:
    """Never returns."""
    place = json.loads(Path(places).read_text(encoding="utf-8")).get(f"{service}.{role}", {})
    if "group" in place:
        os.setgid(place["group"])
    environment = {**os.environ, **place.get("clock", {})}
    os.execve(sys.executable, [sys.executable, "-m", f"luban.{service}", role], environment)


if __name__ == "__main__":
    main(*sys.argv[1:])
