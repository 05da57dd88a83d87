"""A tree in tiles gives the same roots and proofs as the definition, however it grew."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from luban.proofs.merkle import check_consistency, check_inclusion, leaf_hash, root_of
from luban.proofs.tiles import (
    ENTRIES,
    Tile,
    TileTree,
    grow,
    parse_path,
    read_bundle,
    read_tile,
    tile_of,
    tiles_of,
    write_bundle,
)
from luban.reference.refusal import Invalid
from tests.unit.proofs.trees import Files, filled, mth, path, subproof

ENTRIES_1000 = [f"entry {number}".encode() for number in range(1000)]
HASHES = [leaf_hash(entry) for entry in ENTRIES_1000]
FILES = filled(ENTRIES_1000)
TREE = TileTree(FILES, 1000)


@given(st.integers(0, 1000))
def test_every_root_is_that_of_the_definition(size: int) -> None:
    assert TREE.root(size) == mth(HASHES[:size]) == root_of(HASHES[:size])


@given(st.integers(1, 1000), st.data())
def test_every_proof_of_inclusion_is_that_of_the_definition_and_holds(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = TREE.inclusion(index, size)
    assert proof == path(index, HASHES[:size])
    check_inclusion(index, size, HASHES[index], proof, TREE.root(size))
    with pytest.raises(Invalid, match="inclusion-proof"):
        check_inclusion(index, size, HASHES[(index + 1) % 1000], proof, TREE.root(size))


@given(st.integers(1, 1000), st.data())
def test_every_proof_of_consistency_is_that_of_the_definition_and_holds(size2: int, data: st.DataObject) -> None:
    size1 = data.draw(st.integers(1, size2))
    proof = TREE.consistency(size1, size2)
    assert proof == subproof(size1, HASHES[:size2], True)
    check_consistency(size1, size2, TREE.root(size1), TREE.root(size2), proof)
    with pytest.raises(Invalid, match="consistency-proof"):
        check_consistency(size1, size2, TREE.root(size1 - 1), TREE.root(size2), proof)


@settings(max_examples=40)
@given(st.lists(st.integers(0, 300), max_size=4))
def test_a_tree_is_the_same_however_it_grew(steps: list[int]) -> None:
    files = filled(ENTRIES_1000, steps)
    assert {name: files[name] for name in FILES} == FILES
    assert all(name in FILES or ".p/" in name for name in files)


@settings(max_examples=20)
@given(st.integers(1, 1000))
def test_growth_tells_the_root_and_reads_only_partial_files(size: int) -> None:
    before = filled(ENTRIES_1000[:size])
    read = []

    def fetch(name: str) -> bytes:
        read.append(name)
        return before(name)

    growth = grow(fetch, size, ENTRIES_1000[size : size + 1], HASHES[size : size + 1])
    assert growth.root == mth(HASHES[: size + 1])
    assert all(".p/" in name for name in read)
    assert len(read) <= 4


def test_nothing_new_makes_no_files() -> None:
    growth = grow(FILES, 1000, [], [])
    assert (growth.size, growth.root, growth.files) == (1000, TREE.root(), {})
    assert grow(Files(), 0, [], []).root == root_of([])


def test_the_specifications_example_of_70000_entries() -> None:
    tiles = list(tiles_of(70_000))
    assert sum(tile.level == 0 and tile.width == 256 for tile in tiles) == 273
    assert [tile.width for tile in tiles if tile.level == 0][-1] == 112
    assert [tile.width for tile in tiles if tile.level == 1] == [256, 17]
    assert [tile.width for tile in tiles if tile.level == 2] == [1]
    assert [tile.path for tile in tiles_of(256)] == ["tile/0/000", "tile/1/000.p/1"]
    assert not list(tiles_of(0))


@pytest.mark.parametrize(
    ("tile", "name"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(5, 1234067), "tile/5/x001/x234/067"),
        (Tile(63, 1000, 255), "tile/63/x001/000.p/255"),
        (Tile(ENTRIES, 1234067, 8), "tile/entries/x001/x234/067.p/8"),
    ],
)
def test_a_tile_has_one_name(tile: Tile, name: str) -> None:
    assert tile.path == name
    assert parse_path(name) == tile


@given(st.integers(-1, 63), st.integers(0, 2**55), st.integers(1, 256))
def test_a_name_leads_back_to_its_tile(level: int, index: int, width: int) -> None:
    assert parse_path(Tile(level, index, width).path) == Tile(level, index, width)


@pytest.mark.parametrize(
    "name",
    [
        "tile/0/0",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/x000/001",
        "tile/0/001/000",
        "tile/0/x001/x000",
        "tile/0/../000",
        "/tile/0/000",
        "tile/0/000\n",
        "tile/0/٠٠٠",
        "tile/entry/000",
        "tile/0/" + "x001/" * 12 + "000",
    ],
)
def test_any_other_spelling_is_refused(name: str) -> None:
    with pytest.raises(Invalid, match="tile-path"):
        parse_path(name)


def test_a_tile_of_another_size_is_refused() -> None:
    tile = tile_of(0, 3, 1000)
    assert tile == Tile(0, 3, 232)
    for content in (FILES[tile.path][:-32], FILES[tile.path] + bytes(32), b""):
        with pytest.raises(Invalid, match="tile-size"):
            read_tile(tile, content)
    with pytest.raises(Invalid, match="tile-path"):
        tile_of(0, 4, 1000)


def test_a_tree_ends_where_it_ends() -> None:
    for ask in (
        lambda: TREE.root(1001),
        lambda: TREE.inclusion(5, 5),
        lambda: TREE.inclusion(-1),
        lambda: TREE.consistency(6, 5),
        lambda: TREE.leaf(1000),
    ):
        with pytest.raises(Invalid, match="tree-size"):
            ask()


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=256))
def test_a_bundle_reads_as_it_was_written(entries: list[bytes]) -> None:
    assert read_bundle(Tile(ENTRIES, 0, len(entries)), write_bundle(entries)) == entries


def test_a_bundle_that_is_cut_short_or_too_long_is_refused() -> None:
    tile = Tile(ENTRIES, 0, 3)
    whole = write_bundle([b"one", b"two", b"three"])
    for content in [whole[:end] for end in range(len(whole))] + [whole + b"\x00", whole + whole]:
        with pytest.raises(Invalid, match="bundle-malformed"):
            read_bundle(tile, content)


def test_an_entry_that_does_not_fit_a_bundle_is_refused() -> None:
    with pytest.raises(Invalid, match="log-entry-length"):
        grow(Files(), 0, [bytes(65_536)], [bytes(32)])
    assert grow(Files(), 0, [bytes(65_535)], [bytes(32)]).size == 1
