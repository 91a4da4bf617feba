"""The list of files in a meeting packet, as the XML that the agency signs: ETSI EN 319 162-1 ASiCManifest.

One list has exactly one text: it is read with a bounded parser that knows no DTD and no entities, then written anew
and compared, so nothing can stand in it besides what it says.  Pure.  Caller: minutes.packet.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote
from xml.sax.saxutils import quoteattr

from lxml import etree

LARGEST = 1 << 20  # bytes
SIGNATURE_NAME = "META-INF/signature001.p7s"
MANIFEST_NAME = "META-INF/ASiCManifest001.xml"

_ASIC = "http://uri.etsi.org/02918/v1.2.1#"
_DS = "http://www.w3.org/2000/09/xmldsig#"
_SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"


class BadManifest(Exception):
    """The bytes are not a manifest of ours."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One file: name in the container, media type, SHA-256 (hex); `root` marks the minutes themselves."""

    name: str
    media_type: str
    sha256: str
    root: bool = False


def write(files: Sequence[Listed]) -> bytes:
    """The manifest's text, UTF-8."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<asic:ASiCManifest xmlns:asic="{_ASIC}" xmlns:ds="{_DS}">',
        f'<asic:SigReference MimeType="application/pkcs7-signature" URI="{SIGNATURE_NAME}"/>',
    ]
    for file in files:
        root = ' Rootfile="true"' if file.root else ""
        digest = base64.b64encode(bytes.fromhex(file.sha256)).decode()
        lines += [
            f"<asic:DataObjectReference MimeType={quoteattr(file.media_type)}{root} URI={quoteattr(quote(file.name))}>",
            f'<ds:DigestMethod Algorithm="{_SHA256}"/>',
            f"<ds:DigestValue>{digest}</ds:DigestValue>",
            "</asic:DataObjectReference>",
        ]
    lines += ["</asic:ASiCManifest>", ""]
    return "\n".join(lines).encode()


def read(data: bytes) -> tuple[Listed, ...]:
    """Raises BadManifest for anything but the one text that `write` gives for the same list."""
    if len(data) > LARGEST or b"<!" in data:
        raise BadManifest("size or DTD")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
        files = tuple(
            Listed(
                name=unquote(item.get("URI"), errors="strict"),
                media_type=item.get("MimeType"),
                sha256=base64.b64decode(item.findtext(f"{{{_DS}}}DigestValue"), validate=True).hex(),
                root=item.get("Rootfile") == "true",
            )
            for item in root.iterfind(f"{{{_ASIC}}}DataObjectReference")
        )
        rewritten = write(files)
    except (etree.LxmlError, UnicodeError, binascii.Error, TypeError, AttributeError, ValueError) as error:
        raise BadManifest("form") from error
    if rewritten != data:
        raise BadManifest("form")
    return files
