"""A picture made into the portrait that a certificate prints: one inch, 25 by 35 mm, at 300 dots an inch.

It is drawn anew, so that nothing but the picture comes in: no place, no camera's number, no other file behind it.
"""

from io import BytesIO

from PIL import Image, ImageOps

from luban.reference.refusal import Invalid

SIZE = (295, 413)
"""Pixels."""
MOST_PIXELS = 24_000_000
FORMATS = ("JPEG", "PNG")
QUALITY = 90
NARROWEST, WIDEST = 0.68, 0.78
"""Width by height of what is taken: 25:35 and 3:4 are in use, and little is cut off to come to the former."""


def portrait_of(content: bytes, least_width: int) -> bytes:
    """A JPEG of `SIZE`. `least_width` is in pixels.

    Raises `Invalid` photograph-unreadable for what is no JPEG or PNG or is too large to open, and photograph-shape.
    """
    try:
        with Image.open(BytesIO(content), formats=FORMATS) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise _unreadable()
            upright = ImageOps.exif_transpose(opened)
            picture = Image.new("RGB", upright.size, "white")
            transparent = upright.convert("RGBA")
            picture.paste(transparent, mask=transparent)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise _unreadable() from error
    _require_shape(*picture.size, least_width)
    made = BytesIO()
    ImageOps.fit(picture, SIZE, Image.Resampling.LANCZOS).save(made, "JPEG", quality=QUALITY)
    return made.getvalue()


def _require_shape(width: int, height: int, least_width: int) -> None:
    if width < least_width or not NARROWEST <= width / height <= WIDEST:
        raise Invalid(
            "photograph-shape",
            zh="照片应为竖版一寸照（宽高比约 5:7 或 3:4），宽不少于 {least} 像素；所传为 {width}×{height}",
            en="send an upright one-inch photograph (5:7 or 3:4), {least} pixels wide or more, not {width}×{height}",
            least=least_width,
            width=width,
            height=height,
        )


def _unreadable() -> Invalid:
    return Invalid("photograph-unreadable", zh="照片须为 JPEG 或 PNG 图片", en="this is no JPEG or PNG picture")
