"""The page that a certificate's QR code leads to, in a real browser: what it says of codes sound, spoilt, hostile."""

import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Dialog, Page

from luban.proofs.local_key import LocalSigner
from luban.proofs.pocket import read_pocket
from luban.proofs.signing import Signer
from tests.browser.conftest import ANOTHER_HOST
from tests.browser.page import digits_of, keep, outcome, rows, scanned, text, unproven, verdicts
from tests.browser.site import Site
from tests.integration.certificate.rig import NAME, ability_plan

LEVEL_ROWS = ["证书编号", "持证人", "职业或项目", "等级", "颁发机构", "颁发日期", "签署者", "截至"]
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def code(site: Site) -> str:
    """Of a printed level certificate."""
    return site.printed()


def signed_by(signer: Signer, code: str, **changes: Any) -> str:
    """The same with something changed, signed anew."""
    return replace(read_pocket(code).pocket, **changes).sign(signer, "HTTPS://LUBAN.EXAMPLE/V")


def with_byte_changed(code: str, at: int) -> str:
    """One bit of the byte at `at` is another."""
    packed = int(digits_of(code))
    content = bytearray(packed.to_bytes((packed.bit_length() + 7) // 8))
    content[at] ^= 0x10
    return f"HTTPS://LUBAN.EXAMPLE/V#{int.from_bytes(content)}"


def refusal_of(site: Site, code: str) -> str:
    """The stable word for why `luban verify` refuses it; its English sentence says which."""
    (reason,) = site.verified(code).to_json()["reasons"]
    words = {"no QR code": "pocket-malformed", "signature": "pocket-signature", "not at hand": "key-unknown-key"}
    return next(word for sentence, word in words.items() if sentence in reason)


def listen(page: Page) -> list[str]:
    """Complaints of the page's scripts and of its content security policy, as they come."""
    heard: list[str] = []
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("console", lambda line: heard.append(line.text) if line.type == "error" else None)
    return heard


def test_a_printed_code_holds_and_says_what_luban_verify_says(site: Site, phone: BrowserContext, code: str) -> None:
    page = scanned(phone, site.address, digits_of(code))
    pocket, found = read_pocket(code).pocket, site.verified(code)
    assert found.holds
    assert found.as_of
    assert (outcome(page), verdicts(page)) == ("holds", ["holds", "holds"])
    told = rows(page, "zh-CN")
    assert list(told) == LEVEL_ROWS
    as_of = found.words("zh")[2].removeprefix("截至: ")
    what = "劳动关系协调师（4-07-03-03）"
    facts = [pocket.certificate_no, NAME, what, "三级/高级工", pocket.body_name, str(pocket.issued_on), found.by, as_of]
    assert list(told.values()) == facts
    assert list(rows(page, "en").values()) == [*facts[:3], "3 (三级/高级工)", *facts[4:]]
    assert unproven(page, "zh-CN") == [zh for zh, _ in found.unproven]
    assert unproven(page, "en") == [en for _, en in found.unproven]
    assert len(found.unproven) == 3


def test_a_special_ability_has_no_level(site: Site, phone: BrowserContext) -> None:
    page = scanned(phone, site.address, digits_of(site.printed(ability_plan())))
    told = rows(page, "zh-CN")
    assert list(told) == [label for label in LEVEL_ROWS if label != "等级"]
    assert told["职业或项目"] == "剪纸（ZX-037）"


def test_small_letters_lead_there_too(site: Site, phone: BrowserContext, code: str) -> None:
    assert outcome(scanned(phone, site.address.lower(), digits_of(code))) == "holds"


@pytest.mark.parametrize("name", ["阿卜杜·热合曼", "𠮷㛃·阿卜杜"])
def test_every_name_is_shown_as_it_is(site: Site, phone: BrowserContext, name: str) -> None:
    page = scanned(phone, site.address, digits_of(site.printed(name=name)))
    assert (outcome(page), rows(page, "zh-CN")["持证人"]) == ("holds", name)


@pytest.mark.parametrize("name", [HOSTILE, "</dd><script src=/v/page.js></script>", '"><a href=javascript:1>甲</a>'])
def test_a_hostile_name_stays_text(site: Site, phone: BrowserContext, code: str, name: str) -> None:
    page = phone.new_page()
    opened: list[str] = []

    def dismiss(dialog: Dialog) -> None:
        opened.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", dismiss)
    page.goto(f"{site.address}#{digits_of(signed_by(site.keys.signer(), code, name=name, title=name, body_name=name))}")
    page.wait_for_selector("main[data-outcome=holds]")
    assert rows(page, "zh-CN")["持证人"] == name
    assert page.locator("main :is(img, script, a)").count() == 0
    assert not opened


def test_no_code(site: Site, phone: BrowserContext) -> None:
    page = scanned(phone, site.address, None)
    assert (outcome(page), verdicts(page)) == ("no-code", ["unchecked", "unchecked"])
    assert "请用手机相机扫描" in text(page)


@pytest.mark.parametrize(
    "digits", ["0", "01", "1", "-1", "1e9", "x", "%31", HOSTILE, "9" * 3001, "9" * 3002, "1" * 400]
)
def test_a_malformed_code(site: Site, phone: BrowserContext, digits: str) -> None:
    page = scanned(phone, site.address, digits)
    assert (outcome(page), verdicts(page)) == ("pocket-malformed", ["refused", "refused"])


def test_a_code_that_was_read_in_part_is_malformed(site: Site, phone: BrowserContext, code: str) -> None:
    digits = digits_of(code)
    page = scanned(phone, site.address, digits[:-1])
    for part in (digits[1:], digits[: len(digits) // 2], digits + "0"):
        assert outcome(rescanned(page, part)) in {"pocket-malformed", "pocket-signature"}


def rescanned(page: Page, digits: str) -> Page:
    """Another code in the same tab."""
    page.evaluate(
        "digits => new Promise(told => { addEventListener('hashchange', told, {once: true}); location.hash = digits })",
        digits,
    )
    page.wait_for_selector("main:not([data-outcome=checking])")
    return page


def test_any_byte_that_was_changed_is_noticed_as_luban_verify_does(
    site: Site, phone: BrowserContext, code: str
) -> None:
    page = scanned(phone, site.address, digits_of(code))
    packed = int(digits_of(code))
    seen = set()
    for at in range((packed.bit_length() + 7) // 8):
        changed = with_byte_changed(code, at)
        found = outcome(rescanned(page, digits_of(changed)))
        assert found == refusal_of(site, changed), at
        assert NAME not in text(page)
        seen.add(found)
    assert seen == {"pocket-malformed", "pocket-signature", "key-unknown-key"}
    assert outcome(rescanned(page, digits_of(code))) == "holds"


def test_a_key_that_nobody_published(site: Site, phone: BrowserContext, code: str) -> None:
    page = scanned(phone, site.address, digits_of(signed_by(LocalSigner.generate(), code)))
    assert (outcome(page), verdicts(page)) == ("key-unknown-key", ["refused", "refused"])
    assert "没有公布过这个密钥" in text(page)
    assert NAME not in text(page)


def test_a_signature_that_is_dated_before_its_key(site: Site, phone: BrowserContext, code: str) -> None:
    early = datetime(2019, 12, 31, 15, 59, 59, tzinfo=UTC)
    page = scanned(phone, site.address, digits_of(signed_by(site.keys.signer(), code, signed_at=early)))
    assert outcome(page) == "key-before-key"


def test_a_browser_that_lacks_ed25519_says_so(site: Site, phone: BrowserContext, code: str) -> None:
    phone.add_init_script(
        "crypto.subtle.importKey = async () => { throw new DOMException('no such algorithm', 'NotSupportedError') }"
    )
    page = scanned(phone, site.address, digits_of(code))
    assert (outcome(page), verdicts(page)) == ("no-ed25519", ["unchecked", "unchecked"])
    assert "luban verify" in text(page)
    assert NAME not in text(page)


def test_a_connection_that_is_not_encrypted_cannot_check(site: Site, phone: BrowserContext, code: str) -> None:
    page = scanned(phone, f"http://{ANOTHER_HOST}:{site.wire.port}/V", digits_of(code))
    assert page.evaluate("[isSecureContext, typeof crypto.subtle]") == [False, "undefined"]
    assert outcome(page) == "no-ed25519"


@pytest.mark.parametrize("answer", [{"status": 503, "body": "{}"}, {"body": "<html>"}, {"body": '{"credentials": {}}'}])
def test_without_the_keys_nothing_is_said(site: Site, browser: Browser, code: str, answer: dict[str, Any]) -> None:
    context = browser.new_context(service_workers="block")
    context.route("**/v1/trust", lambda route: route.fulfill(**answer))
    page = scanned(context, site.address, digits_of(code))
    assert (outcome(page), verdicts(page)) == ("no-keys", ["unchecked", "unchecked"])
    context.close()


def test_a_phone_that_was_here_once_checks_without_a_network(site: Site, phone: BrowserContext, code: str) -> None:
    first = scanned(phone, site.address, None)
    keep(first)
    first.close()
    phone.set_offline(True)
    for address in (site.address, site.address.lower()):
        page = scanned(phone, address, digits_of(code))
        assert outcome(page) == "holds"
        assert "本机存于" in text(page)
    assert outcome(rescanned(page, digits_of(with_byte_changed(code, -1)))) == "pocket-signature"


def test_a_network_that_carries_nothing_is_not_waited_for_long(site: Site, phone: BrowserContext, code: str) -> None:
    keep(scanned(phone, site.address, None))
    with site.silent():
        began = time.monotonic()
        page = scanned(phone, site.address, digits_of(code))
        assert outcome(page) == "holds"
        assert "本机存于" in text(page)
        assert 3 < time.monotonic() - began < 9  # the page waits four seconds, and what it loads no more
    while "取自名册" not in text(page):  # the phone hears of the network again within seconds
        assert time.monotonic() - began < 30
        page.reload()
        page.wait_for_selector("main[data-outcome=holds]")


def test_nothing_of_the_code_leaves_the_phone_or_is_stored(site: Site, phone: BrowserContext, code: str) -> None:
    digits, requests = digits_of(code), []
    phone.on("request", lambda request: requests.append((request.url, request.headers, request.post_data)))
    page = scanned(phone, site.address, digits)
    keep(page)
    page.reload()
    page.wait_for_selector("main[data-outcome=holds]")
    kept = page.evaluate(KEPT_IN_STORES)
    sent, number = bytes(site.wire.sent).decode(), read_pocket(code).pocket.certificate_no
    for part in (digits[:40], digits[-40:], number, NAME):
        assert part not in sent
        assert part not in site.log
        assert part not in kept
    assert "/v1/trust" in sent
    assert "/v1/trust" in kept
    assert {url.partition("#")[0].rpartition(f":{site.wire.port}")[2] for url, _, _ in requests} <= PATHS
    assert not [each for each in requests if digits[:40] in str(each[1:])]


PATHS = {"/V", "/v", "/v/page.css", "/v/page.js", "/v/pocket.js", "/v/words.js", "/v/worker.js", "/v1/trust"}
KEPT_IN_STORES = """async () => {
  const texts = [JSON.stringify({...localStorage}), JSON.stringify({...sessionStorage}), document.cookie]
  for (const name of await caches.keys()) {
    const store = await caches.open(name)
    for (const request of await store.keys()) texts.push(request.url, await (await store.match(request)).text())
  }
  return texts.join("\\n")
}"""


def test_the_policy_lets_no_other_script_in_and_nothing_complains(site: Site, phone: BrowserContext, code: str) -> None:
    page = phone.new_page()
    heard = listen(page)
    answer = page.goto(f"{site.address}#{digits_of(code)}")
    assert answer
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';")
    assert "unsafe" not in policy
    page.wait_for_selector("main[data-outcome=holds]")
    keep(page)
    assert heard == []
    page.evaluate("document.body.append(Object.assign(document.createElement('script'), {text: 'document.title = 1'}))")
    assert page.title() != "1"
    assert any("Content Security Policy" in line for line in heard)
