"""Codes packed by hand and signed by the register's own key: the page reads exactly what `luban verify` reads."""

import struct
from dataclasses import dataclass, replace

import pytest
from playwright.sync_api import BrowserContext

from luban.proofs import base64url
from luban.proofs.signing import Signer
from tests.browser.page import digits_of, outcome, rows, scanned, unproven
from tests.browser.site import Site

LAST_DAY = 2_932_896
NO_ENTRY = 2**64 - 1


@dataclass(frozen=True)
class Packed:
    """What stands in a code, sayable or not; the format is that of luban.proofs.pocket."""

    form: int = 1
    at: int = 1_790_000_000
    day: int = 20_000
    level: int = 3
    index: int = NO_ENTRY
    texts: tuple[bytes, ...] = (b"S0001", "测试甲".encode(), b"6-31-01-03", "电工".encode(), b"", "测试协会".encode())
    tail: bytes = b""

    def code(self, signer: Signer) -> str:
        mark = base64url.decode(signer.key_id)[:8]
        head = struct.pack(">B8sIIBQ32s", self.form, mark, self.at, self.day, self.level, self.index, bytes(32))
        signed = head + b"".join(struct.pack(">H", len(text)) + text for text in self.texts) + self.tail
        signature = signer.sign(b"luban/pocket/v1\n" + signed)
        return f"HTTPS://LUBAN.EXAMPLE/V#{int.from_bytes(signed + signature)}"

    def with_text(self, at: int, text: bytes) -> "Packed":
        return replace(self, texts=(*self.texts[:at], text, *self.texts[at + 1 :]))


SOUND = Packed()


@pytest.mark.parametrize(
    "packed",
    [
        SOUND,
        replace(SOUND, level=0, day=LAST_DAY, index=NO_ENTRY - 1),
        SOUND.with_text(1, "字".encode() * 133),
        SOUND.with_text(1, b"a" * 400),
        SOUND.with_text(1, "\ufeff甲".encode()),
        SOUND.with_text(1, b""),
    ],
)
def test_what_can_be_said_is_read(site: Site, phone: BrowserContext, packed: Packed) -> None:
    code = packed.code(site.keys.signer())
    page = scanned(phone, site.address, digits_of(code))
    assert site.verified(code).holds
    assert outcome(page) == "holds"
    assert page.locator("dd").nth(1).text_content() == packed.texts[1].decode()
    assert ("等级" in rows(page, "zh-CN")) == bool(packed.level)
    assert unproven(page, "en") == [en for _, en in site.verified(code).unproven]


@pytest.mark.parametrize(
    "packed",
    [
        replace(SOUND, form=2),
        replace(SOUND, day=LAST_DAY + 1),
        replace(SOUND, level=6),
        replace(SOUND, tail=b"\0"),
        replace(SOUND, texts=SOUND.texts[:5]),
        replace(SOUND, texts=(*SOUND.texts, b"")),
        replace(SOUND, texts=()),
        SOUND.with_text(0, b""),
        SOUND.with_text(1, b"a" * 401),
        SOUND.with_text(1, b"\xed\xa0\x80"),
        SOUND.with_text(1, b"\xc0\xaf"),
    ],
)
def test_what_cannot_be_said_is_malformed_though_the_register_signed_it(
    site: Site, phone: BrowserContext, packed: Packed
) -> None:
    code = packed.code(site.keys.signer())
    assert site.verified(code).to_json()["reasons"] == ["this is no QR code of a certificate"]
    assert outcome(scanned(phone, site.address, digits_of(code))) == "pocket-malformed"
