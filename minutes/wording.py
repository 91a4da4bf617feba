"""Fixed sentences that both renderers print outside the model's blocks.

Pure text.  It never decides; docx.py and pdf.py take their words here so that both print the same ones.
"""

from minutes import layout
from minutes.model import DocumentModel, Note

NATION = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"
MOTTO = "Độc lập - Tự do - Hạnh phúc"
RECIPIENTS = "Nơi nhận:"
TEST_WARNING = "VĂN BẢN DÙNG CHỮ KÝ THỬ NGHIỆM, KHÔNG CÓ GIÁ TRỊ PHÁP LÝ"
TEST_MARK = "CHỮ KÝ THỬ NGHIỆM"
TEST_RING = "CON DẤU THỬ NGHIỆM"


def note_lines(note: Note) -> list[str]:
    """Text beside the QR code."""
    return [
        f"Mã kiểm tra văn bản: {note.code}",
        f"Quét mã QR hoặc mở {note.url} để kiểm tra chữ ký và tải bản gốc.",
        *note.lines,
    ]


def appendix_labels(model: DocumentModel) -> list[str]:
    """`Phụ lục`, or `Phụ lục I`, `Phụ lục II` … when there are several."""
    if len(model.appendices) == 1:
        return ["Phụ lục"]
    return [f"Phụ lục {_roman(place)}" for place, _ in enumerate(model.appendices, start=1)]


def appendix_line(model: DocumentModel) -> str:
    """Line under an appendix's title that says which document it belongs to."""
    number = layout.document_number(model.header.number, model.header.symbol).removeprefix("Số: ")
    return f"(Kèm theo {model.title.capitalize()} số {number})"


def _roman(number: int) -> str:
    text = ""
    for value, sign in ((10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")):
        while number >= value:
            text, number = text + sign, number - value
    return text
