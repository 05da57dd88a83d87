"""The page when the register's keys change: rotated, compromised, and on a phone that has not heard of it yet."""

from datetime import timedelta

from playwright.sync_api import BrowserContext

from luban.proofs.pocket import read_pocket
from tests.browser.page import digits_of, keep, outcome, scanned, text, verdicts
from tests.browser.site import Site
from tests.browser.test_code_page import signed_by
from tests.integration.certificate.rig import NAME

HOUR = timedelta(hours=1)


def test_a_code_of_a_rotated_key_still_holds_and_none_that_is_dated_later(
    own_site: Site, phone: BrowserContext
) -> None:
    before, old, at = own_site.printed(), own_site.keys.signer(), own_site.now()
    own_site.keys.rotate(at, grace=HOUR)
    own_site.restart()
    after = own_site.printed()
    assert read_pocket(after).key_mark != read_pocket(before).key_mark
    for code in (before, after):
        assert outcome(scanned(phone, own_site.address, digits_of(code))) == "holds"
        assert own_site.verified(code).holds
    late = signed_by(old, before, signed_at=(at + HOUR).replace(microsecond=0))
    assert outcome(scanned(phone, own_site.address, digits_of(late))) == "key-after-key"
    assert not own_site.verified(late).holds


def test_a_code_of_a_compromised_key_counts_for_nothing(own_site: Site, phone: BrowserContext) -> None:
    before, old, at = own_site.printed(), own_site.keys.signer(), own_site.now()
    keep(scanned(phone, own_site.address, digits_of(before)))
    own_site.keys.compromise(old.key_id, at, at)
    own_site.keys.rotate(at)
    own_site.restart()
    after = own_site.printed()
    page = scanned(phone, own_site.address, digits_of(before))
    assert (outcome(page), verdicts(page)) == ("key-compromised", ["refused", "refused"])
    assert "曾泄露" in text(page)
    assert NAME not in text(page)
    assert not own_site.verified(before).holds
    assert outcome(scanned(phone, own_site.address, digits_of(after))) == "holds"
    phone.set_offline(True)
    assert outcome(scanned(phone, own_site.address, digits_of(before))) == "key-compromised"


def test_what_a_phone_has_not_heard_it_does_not_know_and_says_so(own_site: Site, phone: BrowserContext) -> None:
    before, old, at = own_site.printed(), own_site.keys.signer(), own_site.now()
    keep(scanned(phone, own_site.address, None))
    own_site.stop()
    page = scanned(phone, own_site.address, digits_of(before))
    assert outcome(page) == "holds"
    assert "此后才公布泄露的密钥，离线时本页不知道" in text(page)
    own_site.keys.compromise(old.key_id, at, at)
    own_site.keys.rotate(at)
    own_site.start()
    page.reload()
    page.wait_for_selector("main[data-outcome=key-compromised]")
