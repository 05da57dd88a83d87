"""What the standing of a signature's key says to whoever verifies."""

from luban.cli.verify.finding import Said
from luban.proofs.key_history import Standing
from luban.reference.refusal import Invalid

_WORTH: dict[Standing, Said] = {
    Standing.UNKNOWN_KEY: ("没有签署者的公钥", "the key that signed it is not at hand (--trust)"),
    Standing.BEFORE_KEY: ("签署时间早于该密钥启用", "it is dated before its key was in use"),
    Standing.AFTER_KEY: ("签署时间晚于该密钥停用", "it is dated after its key was out of use"),
    Standing.COMPROMISED: (
        "该密钥曾泄露，签名不再可信：请向名册核验，或请持证人重新取得",
        "its key was compromised, and its signatures count no more: ask the register, or have it given out anew",
    ),
}


def refusal_of(standing: Standing) -> Invalid:
    """Of any standing but COUNTS: key-unknown-key, key-before-key, key-after-key, key-compromised."""
    zh, en = _WORTH[standing]
    return Invalid(f"key-{standing.value}", zh=zh, en=en)


def require_counts(standing: Standing) -> None:
    """Raises what `refusal_of` gives."""
    if standing is not Standing.COUNTS:
        raise refusal_of(standing)
