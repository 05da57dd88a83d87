"""What must never be committed: registry addresses, paths of one machine, private keys, numbers of real people."""

import re
import subprocess
import unicodedata
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

from luban.reference.identity import resident_check_character

EXAMPLES_OF_THE_STANDARD = {"11010519491231002X", "440524188001010014"}
"""GB 11643-1999 prints these two; every other number in the tree is synthetic, with a sequence 9xx."""

REGISTRIES = re.compile(
    r"https?://[^\s\"'<>]+/(?:simple(?:/|\b)|[^\s\"'<>]+\.(?:whl|tgz)\b|packages/[0-9a-f]{2}/)"
    r"|\"resolved\"\s*:|[^a-z]--(?:extra-)?index-url\b|^\s*registry\s*=",
    re.MULTILINE,
)
MACHINE_PATHS = re.compile(r"(?<![\w.$}~/-])/(?:work|root|home/[a-z]+)/")
PRIVATE_KEYS = re.compile(
    r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\s*(?:\\n)?[A-Za-z0-9+/]{16}|\"d\"\s*:\s*\"[\w-]{43}\""
)
RESIDENT_IDS = re.compile(r"(?<![0-9A-Za-z])[1-9][0-9]{16}[0-9Xx](?![0-9A-Za-z])")


def registry_addresses(text: str) -> Iterator[re.Match[str]]:
    """Where packages come from is the business of each machine's own settings."""
    return REGISTRIES.finditer(text)


def machine_paths(text: str) -> Iterator[re.Match[str]]:
    """Absolute paths that exist on one machine only."""
    return MACHINE_PATHS.finditer(text)


def private_keys(text: str) -> Iterator[re.Match[str]]:
    """Private keys in PEM or as a JWK."""
    return PRIVATE_KEYS.finditer(text)


def numbers_of_people(text: str) -> Iterator[re.Match[str]]:
    """Resident ID numbers that could be somebody's: right check digit, a date of birth, no synthetic sequence."""
    return (found for found in RESIDENT_IDS.finditer(text) if _could_be_real(found.group().upper()))


def _could_be_real(number: str) -> bool:
    if number in EXAMPLES_OF_THE_STANDARD or number[14] == "9":
        return False
    return resident_check_character(number[:17]) == number[17] and _is_birth_date(number[6:14])


def _is_birth_date(digits: str) -> bool:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).year in range(1850, 2100)
    except ValueError:
        return False


CHECKS: dict[str, Callable[[str], Iterator[re.Match[str]]]] = {
    "a registry's address": registry_addresses,
    "a path of one machine": machine_paths,
    "a private key": private_keys,
    "a number that may be somebody's": numbers_of_people,
}


def check(name: str, text: str) -> list[str]:
    """`file:line: what` of everything in a text that must not be committed; full-width characters are read as plain."""
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return [
        f"{name}:{plain.count(chr(10), 0, found.start()) + 1}: {what}"
        for what, finder in CHECKS.items()
        for found in finder(plain)
    ]


def tracked_texts(root: Path) -> Iterator[tuple[str, str]]:
    """(path, text) of every text file that is committed or about to be."""
    command = ["git", "-c", f"safe.directory={root}", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=root, capture_output=True, check=True).stdout
    for name in filter(None, listed.decode().split("\0")):
        path = root / name
        content = path.read_bytes() if path.is_file() else b""
        if b"\0" not in content:
            yield name, content.decode(errors="replace")
