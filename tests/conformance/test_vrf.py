"""The verifiable random function against RFC 9381 appendix B.3, examples 16 to 18."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from luban.proofs.vrf import output_of, prove, public_of, verified_output

EXAMPLES = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "8657106690b5526245a92b003bb079ccd1a92130477671f6fc01ad16f26f723f26f8a57ccaed74ee1b190bed1f479d97"
        "27d2d0f9b005a6e456a35d4fb0daab1268a1b0db10836d9826a528ca76567805",
        "90cf1df3b703cce59e2a35b925d411164068269d7b2d29f3301c03dd757876ff"
        "66b71dda49d2de59d03450451af026798e8f81cd2e333de5cdf4f3e140fdd8ae",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "f3141cd382dc42909d19ec5110469e4feae18300e94f304590abdced48aed5933bf0864a62558b3ed7f2fea45c92a465"
        "301b3bbf5e3e54ddf2d935be3b67926da3ef39226bbc355bdc9850112c8f4b02",
        "eb4440665d3891d668e7e0fcaf587f1b4bd7fbfe99d0eb2211ccec90496310eb"
        "5e33821bc613efb94db5e5b54c70a848a0bef4553a41befc57663b56373a5031",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "9bc0f79119cc5604bf02d23b4caede71393cedfbb191434dd016d30177ccbf8096bb474e53895c362d8628ee9f9ea3c0"
        "e52c7a5c691b6c18c9979866568add7a2d41b00b05081ed0f58ee5e31b3a970e",
        None,
    ),
]


@pytest.mark.parametrize(("seed", "public", "message", "proof", "output"), EXAMPLES)
def test_an_example_of_the_rfc(seed: str, public: str, message: str, proof: str, output: str | None) -> None:
    secret, key, said = bytes.fromhex(seed), bytes.fromhex(public), bytes.fromhex(message)
    assert public_of(secret) == key
    assert prove(secret, key, said).hex() == proof
    shown = verified_output(key, said, bytes.fromhex(proof))
    assert shown == output_of(secret, key, said)
    assert output is None or (shown is not None and shown.hex() == output)


@settings(max_examples=25)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=40), st.integers(0, 79), st.integers(0, 7))
def test_every_changed_bit_of_a_proof_is_noticed(seed: bytes, message: bytes, place: int, bit: int) -> None:
    public = public_of(seed)
    proof = bytearray(prove(seed, public, message))
    assert verified_output(public, message, bytes(proof)) == output_of(seed, public, message)
    assert verified_output(public, message + b"!", bytes(proof)) is None
    assert verified_output(public_of(bytes(reversed(seed)) + b"other"), message, bytes(proof)) is None
    proof[place] ^= 1 << bit
    assert verified_output(public, message, bytes(proof)) is None


def test_what_is_no_key_or_proof_shows_nothing() -> None:
    seed = bytes(32)
    public, proof = public_of(seed), prove(seed, public_of(seed), b"")
    for other in (b"", bytes(32), b"\x01" + bytes(31), b"\xff" * 32):
        assert verified_output(other, b"", proof) is None
    for other in (b"", proof[:-1], proof + b"\x00", bytes(80), b"\x01" + bytes(79), b"\xff" * 80):
        assert verified_output(public, b"", other) is None
    too_great = int.from_bytes(proof[48:], "little") + 2**252 + 27742317777372353535851937790883648493
    assert verified_output(public, b"", proof[:48] + too_great.to_bytes(32, "little")) is None
