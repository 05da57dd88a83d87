"""Tags of many numbers at once are those of each."""

import pytest

from luban.proofs.number_tag import TagKey, holds


@pytest.mark.parametrize("count", [0, 1, 2, 3, 25])
def test_tags_of_many_are_those_of_each(count: int) -> None:
    key = TagKey.generate()
    numbers = [f"S00003700007226300{number:04d}" for number in range(count)]
    tags = key.tags(numbers)
    assert tags == {number: key.tag(number) for number in numbers}
    assert all(holds(key.public, number, tag, key.prove(number)) for number, tag in tags.items())
