"""Nothing is committed that must not be, and each check can tell."""

from pathlib import Path

import pytest

from luban.reference.identity import resident_check_character
from tests.contract.committed_tree import check, tracked_texts

ROOT = Path(__file__).resolve().parents[2]
ADDRESS = "https:" + "//"


def test_nothing_forbidden_is_committed() -> None:
    texts = dict(tracked_texts(ROOT))
    assert {"pyproject.toml", "requirements/dev.txt", "tools/buf/package-lock.json"} <= set(texts)
    found = [breach for name, text in texts.items() for breach in check(name, text)]
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize(
    "text",
    [
        f"{ADDRESS}packages.example/simple/luban",
        f"{ADDRESS}files.example/packages/ab/cd/luban-1.0.tar.gz",
        f"{ADDRESS}registry.example/buf/-/buf-1.0.0.tgz",
        f"{ADDRESS}files.example/luban-1.0-py3-none-any.whl",
        '  "reso' + 'lved" : "x"',
        "pip install -" + "-index-url https://packages.example",
        "pip install -" + "-extra-index-url https://packages.example",
        "regis" + "try=https://packages.example",
    ],
)
def test_a_registry_is_found(text: str) -> None:
    assert "a.txt:1: a registry's address" in check("a.txt", text)


@pytest.mark.parametrize("folder", ["work", "root", "home/someone"])
def test_a_path_of_one_machine_is_found(folder: str) -> None:
    assert check("a.txt", f"first line\nopen('/{folder}/file')") == ["a.txt:2: a path of one machine"]
    assert check("a.txt", f"cd tests/{folder}/file; cd $HOME/{folder}/") == []


@pytest.mark.parametrize("kind", ["", "EC ", "RSA ", "OPENSSH "])
def test_a_private_key_is_found(kind: str) -> None:
    text = f"-----BEGIN {kind}PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA=="
    assert check("a.pem", text) == ["a.pem:1: a private key"]


def test_a_private_key_of_a_key_set_is_found() -> None:
    assert check("a.json", '{"kty": "OKP", "' + f'd": "{"a" * 43}"' + "}") == ["a.json:1: a private key"]


@pytest.mark.parametrize("sequence", ["001", "123", "899"])
def test_a_number_that_may_be_somebodys_is_found(sequence: str) -> None:
    for first14 in ("37010219900307", "11010520010229", "11010520040229"):
        number = first14 + sequence + resident_check_character(first14 + sequence)
        is_a_day = not first14.endswith("20010229")
        for text in (f"id {number}.", f"证件{number.lower()}", wide(number)):
            assert check("a.md", text) == ["a.md:1: a number that may be somebody's"] * is_a_day


def test_synthetic_numbers_and_the_examples_of_the_standard_pass() -> None:
    assert check("a.md", "370102199003079010 11010519491231002x 440524188001010014") == []


def test_a_number_with_a_wrong_check_digit_is_nobodys() -> None:
    first17 = "37010219900307001"
    right = resident_check_character(first17)
    wrong = "0" if right != "0" else "1"
    assert check("a.md", first17 + wrong) == []


def wide(text: str) -> str:
    """The text in full-width characters."""
    return "".join(chr(ord(character) + 0xFEE0) for character in text)
