"""Photographs: given by the body, drawn anew, sealed, printed on the paper."""

from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pypdfium2
import pytest
from PIL import Image, ImageDraw

from luban.proofs.pocket import read_pocket
from luban.webkit.authentication import Role
from tests.integration.certificate.door import Door, problem
from tests.integration.certificate.rig import Register, confirmed, level_plan
from tests.integration.certificate.test_papers import code_in
from tests.integration.certificate.test_public_log import withdraw

pytestmark = pytest.mark.anyio
GREEN, BLUE = (20, 140, 60), (30, 60, 160)


def picture(
    size: tuple[int, int] = (300, 420), colour: tuple[int, int, int] = GREEN, kind: str = "JPEG", **more: Any
) -> bytes:
    """Nobody's portrait: a disc on white ground."""
    made = Image.new("RGB", size, "white")
    width, height = size
    ImageDraw.Draw(made).ellipse((width // 10, height // 10, width * 9 // 10, height * 9 // 10), fill=colour)
    content = BytesIO()
    made.save(content, kind, **more)
    return content.getvalue()


def opened(content: bytes) -> Image.Image:
    return Image.open(BytesIO(content))


class Desk:
    """A body's staff with one certificate of theirs."""

    def __init__(self, door: Door, register: Register, client: httpx.AsyncClient) -> None:
        result = confirmed(level_plan())
        register.issue(result)
        ((self.certificate_id, self.candidate, self.number),) = register.rows(
            "select certificate_id, candidate_id, certificate_no from certificate"
        )
        self.staff = door.token(Role.BODY_STAFF, UUID(int=3), UUID(result.plan.body.body_id))
        self.holder = door.token(Role.CANDIDATE, self.candidate)
        self.address = f"/v1/certificates/{self.certificate_id}"
        self._client = client

    async def put(self, content: bytes, name: str = "portrait.jpg", **headers: str) -> httpx.Response:
        files = {"file": (name, content)}
        return await self._client.put(f"{self.address}/photograph", files=files, headers=headers or self.staff)

    async def photograph(self, **headers: str) -> httpx.Response:
        return await self._client.get(f"{self.address}/photograph", headers=headers or self.holder)

    async def paper(self) -> bytes:
        answer = await self._client.get(f"{self.address}/paper", headers=self.holder)
        assert answer.status_code == 200, answer.text
        return answer.content


def printed(pdf: bytes) -> set[tuple[int, int, int]]:
    """Which of the portraits' colours the page shows."""
    document = pypdfium2.PdfDocument(pdf)
    page = document[0].render(scale=1).to_pil().convert("RGB")
    document.close()
    shown = {colour for _, colour in page.getcolors(maxcolors=1 << 24) or []}
    return {colour for colour in (GREEN, BLUE) if any(alike(colour, other) for other in shown)}


def alike(one: tuple[int, int, int], other: tuple[int, int, int]) -> bool:
    """JPEG is not exact."""
    return all(abs(a - b) < 12 for a, b in zip(one, other, strict=True))


async def test_the_newest_photograph_is_printed(door: Door, register: Register) -> None:
    async with door.client() as client:
        desk = Desk(door, register, client)
        without = await desk.paper()
        assert problem(await desk.photograph()) == (404, "photograph-unknown")
        assert (await desk.put(picture())).status_code == 204
        first = await desk.paper()
        assert first == await desk.paper()
        assert (await desk.put(picture((240, 320), BLUE, "PNG"), "second.PNG", **door.province)).status_code == 204
        second = await desk.paper()
        kept = await desk.photograph()
    assert read_pocket(code_in(first)).pocket.certificate_no == desk.number
    assert (printed(without), printed(first), printed(second)) == (set(), {GREEN}, {BLUE})
    assert kept.headers["content-type"] == "image/jpeg"
    assert opened(kept.content).size == (295, 413)
    actors = register.rows("select version, actor from photograph order by version")
    assert [version for version, _ in actors] == [1, 2]
    assert len({actor for _, actor in actors}) == 2
    assert len(register.rows("select 1 from webkit.personal_data_access")) == 0


async def test_what_is_kept_is_the_picture_alone_and_sealed(door: Door, register: Register) -> None:
    exif = Image.Exif()
    exif[0x010F] = "a camera that tells"
    exif[0x0112] = 6  # lies on its side
    async with door.client() as client:
        desk = Desk(door, register, client)
        assert (await desk.put(picture((420, 300), exif=exif) + b"another file behind it")).status_code == 204
        kept = (await desk.photograph()).content
    assert opened(kept).size == (295, 413)
    assert not opened(kept).getexif()
    assert b"camera" not in kept
    assert b"another file" not in kept
    ((sealed,),) = register.rows("select content from photograph")
    assert b"JFIF" not in sealed


async def test_white_is_behind_what_is_transparent(door: Door, register: Register) -> None:
    clear = BytesIO()
    Image.new("RGBA", (300, 420), (0, 0, 0, 0)).save(clear, "PNG")
    async with door.client() as client:
        desk = Desk(door, register, client)
        assert (await desk.put(clear.getvalue(), "clear.png")).status_code == 204
        kept = (await desk.photograph()).content
    assert opened(kept).getpixel((100, 100)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("name", "content", "refused"),
    [
        ("portrait.jpg", b"no picture at all", (422, "photograph-unreadable")),
        ("portrait.jpg", picture()[:900], (422, "photograph-unreadable")),
        ("portrait.png", picture(kind="GIF"), (422, "photograph-unreadable")),
        ("portrait.jpg", picture(kind="WEBP"), (422, "photograph-unreadable")),
        ("portrait.png", picture((5000, 6900), kind="PNG"), (422, "photograph-unreadable")),
        ("portrait.jpg", picture((420, 300)), (422, "photograph-shape")),
        ("portrait.jpg", picture((300, 300)), (422, "photograph-shape")),
        ("portrait.jpg", picture((230, 322)), (422, "photograph-shape")),
        ("portrait.gif", picture(), (422, "file-kind-unsupported")),
        ("portrait.jpg", b"", (422, "file-empty")),
        ("portrait.jpg", bytes(2 * 1024 * 1024 + 1), (413, "file-too-large")),
    ],
)
async def test_what_is_no_portrait_changes_nothing(
    door: Door, register: Register, name: str, content: bytes, refused: tuple[int, str]
) -> None:
    async with door.client() as client:
        desk = Desk(door, register, client)
        assert problem(await desk.put(content, name)) == refused
    assert register.rows("select count(*) from photograph") == [(0,)]


async def test_it_is_for_its_body_the_province_and_the_holder(door: Door, register: Register) -> None:
    async with door.client() as client:
        desk = Desk(door, register, client)
        foreign = door.token(Role.BODY_STAFF, UUID(int=4), uuid4())
        assert problem(await desk.put(picture(), **foreign)) == (404, "certificate-unknown")
        assert (await desk.put(picture())).status_code == 204
        assert problem(await desk.photograph(**foreign)) == (404, "certificate-unknown")
        stranger = door.token(Role.CANDIDATE, uuid4())
        assert problem(await desk.photograph(**stranger)) == (404, "certificate-unknown")
        assert (await desk.photograph(**desk.staff)).status_code == 200
    assert register.rows("select count(*) from webkit.personal_data_access") == [(1,)]


async def test_a_withdrawn_certificate_takes_none(door: Door, register: Register) -> None:
    async with door.client() as client:
        desk = Desk(door, register, client)
        withdraw(register, desk.number)
        assert problem(await desk.put(picture())) == (409, "certificate-withdrawn")


async def test_with_the_key_of_its_retention_the_photograph_goes(door: Door, register: Register) -> None:
    async with door.client() as client:
        desk = Desk(door, register, client)
        assert (await desk.put(picture())).status_code == 204
        with psycopg.connect(register.settings.database) as connection:
            connection.execute("update photograph set content = set_byte(content, 40, 255 - get_byte(content, 40))")
        assert problem(await desk.photograph()) == (404, "photograph-unknown")
        assert printed(await desk.paper()) == set()
