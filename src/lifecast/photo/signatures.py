"""What a file is that is not a picture, by its first bytes; whatever its name says."""

from __future__ import annotations

import codecs

_FOREIGN: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "a PDF document"),
    (b"%!PS", "a PostScript file"),
    (b"<svg", "an SVG drawing"),
    (b"<?xml", "an XML file"),
    (b"<!DOCTYPE", "a web page"),
    (b"<!doctype", "a web page"),
    (b"<html", "a web page"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"8BPS", "a Photoshop document"),
    (b"gimp xcf", "a GIMP document"),
    (b"RIFF????AVI ", "a video"),
    (b"\x1aE\xdf\xa3", "a video"),
    (b"????ftypisom", "a video"),
    (b"????ftypmp4", "a video"),
    (b"????ftypqt", "a video"),
    (b"\x7fELF", "a program"),
    (b"glTF", "a 3D model"),
    (b"FUJIFILMCCD-RAW", "a camera raw file (Fujifilm RAF)"),
    (b"????ftypcrx ", "a camera raw file (Canon CR3)"),
    (b"II\x1a\x00\x00\x00HEAPCCDR", "a camera raw file (Canon CRW)"),
    (b"IIRO", "a camera raw file (Olympus ORF)"),
    (b"IIRS", "a camera raw file (Olympus ORF)"),
    (b"MMOR", "a camera raw file (Olympus ORF)"),
    (b"IIU\x00", "a camera raw file (Panasonic RW2)"),
    (b"FOVb", "a camera raw file (Sigma X3F)"),
    (b"\x00MRM", "a camera raw file (Minolta MRW)"),
    (b"{", "a JSON file"),
)


def foreign(data: bytes) -> str | None:
    """Name the kind of a file that is known not to be a picture; None for all others.

    In the table of signatures '?' stands for any byte.
    """
    start = data[:64].removeprefix(b"\xef\xbb\xbf").lstrip()
    for magic, kind in _FOREIGN:
        if len(start) >= len(magic) and all(m in (ord("?"), b) for m, b in zip(magic, start, strict=False)):
            if kind == "a JSON file" and not is_text(data):
                continue
            return "an SVG drawing" if b"<svg" in data[:1024] else kind
    return None


def is_text(data: bytes) -> bool:
    """Say whether a file begins as UTF-8 text does."""
    try:
        # Not `final`: a character that the 512th byte cuts in two is no error, a byte that is none is one.
        start = codecs.getincrementaldecoder("utf-8")().decode(data[:512], final=len(data) <= 512)
    except UnicodeDecodeError:
        return False
    return bool(start) and sum(c.isprintable() or c.isspace() for c in start) > 0.95 * len(start)
