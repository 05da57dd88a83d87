"""The QR code on a certificate, as text or in an image."""

from io import BytesIO
from warnings import catch_warnings, simplefilter

import pypdfium2
import zxingcpp
from PIL import Image

from luban.cli.verify.finding import Finding
from luban.cli.verify.standing import require_counts
from luban.cli.verify.trust import Trust
from luban.proofs.pocket import Pocket, looks_like_pocket, read_pocket
from luban.reference.levels import Level
from luban.reference.refusal import Invalid

KIND = ("证书二维码", "QR code of a certificate")
MOST_PIXELS = 60_000_000
"""A page of A4 at 600 dpi has 35 million."""
PDF_DPI, LONGEST_SIDE = 200, 4_000
"""How finely a page is drawn, and the most points of its longer side."""


def read_image(content: bytes) -> str:
    """The text of the certificate's code in a picture. Raises `Invalid` image-malformed, image-without-code."""
    try:
        with catch_warnings():
            simplefilter("error")  # a picture that unpacks to more than is bearable only warns
            picture = Image.open(BytesIO(content), formats=("PNG", "JPEG"))
            bearable = picture.width * picture.height <= MOST_PIXELS
            grey = picture.convert("L") if bearable else None
    except (OSError, ValueError, SyntaxError, Warning, Image.DecompressionBombError) as error:
        raise _bad_image() from error
    if grey is None:
        raise _bad_image()
    return _code_in(grey)


def read_page(content: bytes) -> str:
    """The text of the certificate's code on the first page of a PDF. Raises `Invalid` pdf-malformed,
    image-without-code."""
    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        raise Invalid("pdf-malformed", zh="PDF文件无法读取", en="the PDF cannot be read") from error
    try:
        page = document[0]
        scale = min(PDF_DPI / 72, LONGEST_SIDE / max(*page.get_size(), 1))
        return _code_in(page.render(scale=scale, grayscale=True).to_pil())
    finally:
        document.close()


def _code_in(picture: Image.Image) -> str:
    found = zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))
    codes = [each.text for each in found if looks_like_pocket(each.text)]
    if len(codes) != 1:
        raise Invalid(
            "image-without-code",
            zh="图中应恰有一个证书二维码，实有{count}个",
            en="a picture must show one QR code of a certificate, and this one shows {count}",
            count=len(codes),
        )
    return codes[0]


def verify_code(text: str, trust: Trust) -> Finding:
    """Of the code's text."""
    finding = Finding(KIND)
    try:
        signed = read_pocket(text)
        require_counts(signed.check(trust.credentials))
    except Invalid as refusal:
        return finding.refuse(refusal)
    _tell(finding, signed.pocket)
    finding.by, finding.as_of = trust.name, signed.pocket.signed_at
    return finding


def _bad_image() -> Invalid:
    return Invalid("image-malformed", zh="图片无法读取", en="the picture cannot be read")


def _tell(finding: Finding, pocket: Pocket) -> None:
    level = Level(pocket.level).certificate_text if pocket.level else ""
    what = " ".join(part for part in (pocket.title, pocket.trade, level) if part)
    finding.proven += [
        (
            f"证书 {pocket.certificate_no}，持证人 {pocket.name}",
            f"certificate {pocket.certificate_no} of {pocket.name}",
        ),
        (f"{what}（{pocket.code}）", f"it certifies: {what} ({pocket.code})"),
        (f"{pocket.body_name} 于 {pocket.issued_on} 颁发", f"issued by {pocket.body_name} on {pocket.issued_on}"),
    ]
    if pocket.logged:
        index, leaf = pocket.logged.index, pocket.logged.leaf.hex()
        finding.unproven.append(
            (
                f"公开日志第{index}条是否为 {leaf[:16]}…（联网可查）",
                f"that entry {index} of the public log is {leaf[:16]}… (can be looked up)",
            )
        )
    finding.unproven += [
        ("之后是否被撤销或暂停：请联网核验", "whether it was withdrawn or suspended since: ask the register"),
        ("面前的人是否持证人：请核对证件", "that whoever brings it is the holder: look at a document"),
    ]
