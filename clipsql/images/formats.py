"""Open a picture file of any format that is decoded, by what its bytes are; say what it is where it is none."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable

from PIL import ImageFile
from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.Jpeg2KImagePlugin import Jpeg2KImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.WebPImagePlugin import WebPImageFile

from clipsql.errors import FailureClass, ImageError
from clipsql.images.mending import jpeg_essentials
from clipsql.images.png import PngFile
from clipsql.images.tiff import TiffFile

FORMAT_NAMES = "JPEG, PNG, WebP, GIF, TIFF, BMP, HEIC, AVIF and JPEG 2000"

# Pillow remarks on broken EXIF blocks and the like through `warnings`; what matters raises, so there is
# nothing more to tell. `warnings.catch_warnings` around each call would not be safe with several threads.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.\w+ImagePlugin")

_NOT_DECODED = (
    "cannot handle",
    "not supported",
    "unsupported bmp compression",
    "unsupported bmp pixel depth",
)
"""What the messages of readers say of whole files of a kind that they do not know."""


def _jpeg(data: bytes) -> ImageFile.ImageFile:
    try:
        return JpegImageFile(io.BytesIO(data), "")
    except Exception as error:
        if _is_not_decoded(error):
            raise
        # Pillow takes a segment for broken that other decoders pass over.
        return JpegImageFile(io.BytesIO(jpeg_essentials(data)), "")


def _heif(data: bytes) -> ImageFile.ImageFile:
    from pillow_heif import HeifImageFile  # which takes longer to load than all the others, and is rarely met

    picture: ImageFile.ImageFile = HeifImageFile(io.BytesIO(data), "")  # type: ignore[no-untyped-call]
    return picture


def _reader(kind: type[ImageFile.ImageFile]) -> Callable[[bytes], ImageFile.ImageFile]:
    return lambda data: kind(io.BytesIO(data), "")


# The readers are called directly: `Image.open` would try formats nobody wants here (PostScript among them)
# and warn about large pictures, and its JPEG opener warns about some stereo pictures.
_READERS: tuple[tuple[str, int, tuple[bytes, ...], Callable[[bytes], ImageFile.ImageFile]], ...] = (
    ("JPEG", 0, (b"\xff\xd8\xff",), _jpeg),
    ("PNG", 0, (b"\x89PNG\r\n\x1a\n",), PngFile),
    ("WEBP", 8, (b"WEBP",), _reader(WebPImageFile)),
    ("GIF", 0, (b"GIF87a", b"GIF89a"), _reader(GifImageFile)),
    ("TIFF", 0, (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), _reader(TiffFile)),
    ("BMP", 0, (b"BM",), _reader(BmpImageFile)),
    # "mif1" and "msf1" may hold either codec, so both readers get their try.
    ("AVIF", 4, (b"ftypavif", b"ftypavis", b"ftypmif1", b"ftypmsf1"), _reader(AvifImageFile)),
    ("HEIF", 4, (b"ftyphe", b"ftypmif1", b"ftypmsf1"), _heif),
    ("JPEG2000", 0, (b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51"), _reader(Jpeg2KImageFile)),
)


def check_beginning(data: bytes) -> None:
    """Raise ImageError saying what the file is instead, when its first kilobyte is of no picture that is decoded."""
    if not any(data.startswith(signatures, offset) for _, offset, signatures, _ in _READERS):
        raise _unknown(data)


def open_image(data: bytes) -> ImageFile.ImageFile:
    """The picture, its header read and no pixels yet. Raises ImageError with a one-line reason."""
    failure: ImageError | None = None
    for name, offset, signatures, reader in _READERS:
        if not data.startswith(signatures, offset):
            continue
        try:
            return reader(data)
        except (
            Exception
        ) as error:  # damaged bytes make readers raise nearly anything; the next may know better
            failure = broken(name, error)
    raise failure or _unknown(data)


def halvings(image: Jpeg2KImageFile) -> int:
    """How often a JPEG 2000 can be halved while it is decoded: as many times as its wavelets were."""
    assert image.fp is not None
    image.fp.seek(0)
    beginning = image.fp.read(2**16)
    marker = beginning.find(b"\xff\x52", beginning.find(b"\xff\x4f\xff\x51"))  # coding style: its 10th byte
    return min(beginning[marker + 9], 32) if 0 <= marker < len(beginning) - 9 else 0


def broken(name: str | None, error: Exception) -> ImageError:
    """Why a file that begins like a picture gives none: of a kind that is not decoded, or damaged."""
    if isinstance(error, ImageError):
        return error
    name = name or "picture"
    reason = " ".join(str(error).split()) or type(error).__name__
    if _is_not_decoded(error):
        return ImageError(
            f"{name} of this kind is not decoded ({reason}); convert it to a PNG or an ordinary JPEG",
            failure=FailureClass.UNSUPPORTED,
        )
    return ImageError(f"the {name} data is damaged or cut short ({reason}); get the file again")


def _is_not_decoded(error: Exception) -> bool:
    return isinstance(error, NotImplementedError) or str(error).lower().startswith(_NOT_DECODED)


def _unknown(data: bytes) -> ImageError:
    return ImageError(f"{_what_it_is(data)}; pictures are {FORMAT_NAMES}", failure=FailureClass.NOT_AN_IMAGE)


def _what_it_is(data: bytes) -> str:
    start = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not data:
        return "the file is empty"
    if start.startswith(b"%pdf"):
        return "the file is a PDF document, not a picture"
    if start.startswith((b"<!doctype html", b"<html")):
        return "the file is a web page, not a picture"
    if b"<svg" in start:
        return "the file is an SVG drawing, not a picture of pixels"
    if start[4:8] == b"ftyp":
        return "the file is a video, not a picture"
    try:
        data[:1024].decode("ascii")
    except UnicodeDecodeError:
        return "the file is no picture of a known format"
    return "the file is text, not a picture"
