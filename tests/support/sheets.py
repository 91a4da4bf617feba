"""PDF files as people hand them in, harmless and not, made when a test needs them; and photographs of sheets."""

from __future__ import annotations

import io

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, String
from PIL import Image, ImageDraw


def pdf(pages: int = 1, words: str = "Trang", *, packed: bool = True) -> bytes:
    """So many sheets of A4, each with `words` and its number on it.  `packed`: objects in compressed streams, as Word writes."""
    made = Pdf.new()
    font = made.make_indirect(Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica))
    for number in range(1, pages + 1):
        page = made.add_blank_page(page_size=(595, 842))
        page.Resources = Dictionary(Font=Dictionary(F1=font))
        page.Contents = made.make_stream(f"BT /F1 40 Tf 72 700 Td ({words} {number}) Tj ET".encode())
    return saved(made, packed)


def saved(made: Pdf, packed: bool = True) -> bytes:
    held = io.BytesIO()
    made.save(held, object_stream_mode=pikepdf.ObjectStreamMode.generate if packed else pikepdf.ObjectStreamMode.disable)
    return held.getvalue()


def acting(kind: str, *, packed: bool = True) -> bytes:
    """A sheet with one thing in it that acts by itself, under the word of the refusal, or that looks like it and does not."""
    made = Pdf.open(io.BytesIO(pdf(1)))
    root, page = made.Root, made.pages[0]
    script = Dictionary(S=Name.JavaScript, JS=String("app.alert(1)"))
    link = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 9, 9]))
    if kind == "script":
        root.Names = Dictionary(JavaScript=Dictionary(Names=Array([String("a"), made.make_indirect(script)])))
    elif kind == "script on a page":
        page.AA = Dictionary(O=script)
    elif kind == "launch":
        link.A = Dictionary(S=Name.Launch, F=String("cmd.exe"))
        page.Annots = Array([link])
    elif kind == "attachment":
        made.attachments["may.exe"] = pikepdf.AttachedFileSpec(made, b"MZ", filename="may.exe")
    elif kind == "form":
        root.AcroForm = Dictionary(Fields=Array([]), XFA=made.make_stream(b"<xdp/>"))
    elif kind == "opening":
        root.OpenAction = Dictionary(S=Name.Named, N=Name.Print)
    elif kind == "script at the opening":
        root.OpenAction = made.make_indirect(script)
    elif kind == "media":
        page.Annots = Array([Dictionary(Type=Name.Annot, Subtype=Name.RichMedia, Rect=Array([0, 0, 9, 9]))])
    elif kind == "sending":
        link.A = Dictionary(S=Name.SubmitForm, F=String("http://example.org"))
        page.Annots = Array([link])
    elif kind == "links":
        link.A = Dictionary(S=Name.URI, URI=String("https://example.org/JavaScript"))
        page.Annots = Array([link])
        root.OpenAction = Array([page.obj, Name.Fit])
    elif kind == "own minutes":
        made.attachments["document.json"] = pikepdf.AttachedFileSpec(made, b"{}", filename="document.json", mime_type="application/json")
    elif kind == "words":
        page.Contents = made.make_stream(b"BT (/S /JavaScript /Launch /EF) Tj ET")
        root.Title = String("/S /JavaScript")
    return saved(made, packed)


def photograph(width: int = 300, height: int = 400, text: str = "Phiếu", kind: str = "JPEG", turned: bool = False) -> bytes:
    """A picture as a phone takes it; `turned`: lying on its side, with the mark that tells so."""
    image = Image.new("RGB", (width, height), "#d8d2c4")
    ImageDraw.Draw(image).text((20, 20), text, fill="black")
    held, exif = io.BytesIO(), Image.Exif()
    if turned:
        exif[0x0112] = 6
    image.save(held, kind, exif=exif)
    return held.getvalue()
