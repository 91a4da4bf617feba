"""How a vote is told in the minutes: rule, quorum, a table of counts and shares, the result, who voted how.

Pure.  It never decides whether a motion passed: the ledger says so.  Called by draft.py.
"""

from collections.abc import Iterable
from fractions import Fraction

from meetings.voting import Rule
from minutes import layout
from minutes.facts import MinuteFacts, VoteFact
from minutes.glyphs import printable
from minutes.model import Appendix, Block, Column, Heading, Origin, Paragraph, Table, clean

CHOICES = {"for": "Tán thành", "against": "Không tán thành", "abstain": "Không biểu quyết"}
BASES = {"all": "tổng số điểm cầu có quyền biểu quyết", "present": "số điểm cầu có mặt", "cast": "số phiếu đã bỏ"}

_COLUMNS = (Column("Ý kiến", 34), Column("Số phiếu", 16, "center"), Column("Tỷ lệ trên tổng số", 25, "center"),
            Column("Tỷ lệ trên số có mặt", 25, "center"))


def blocks(vote: VoteFact) -> Iterable[Block]:
    """A vote inside the body.  The table stands as the ledger has it; edited sentences are marked."""
    key = vote.motion
    yield Paragraph(f"vote-{key}", f"Biểu quyết: {printable(clean(vote.title))}", "bold", Origin.LEDGER,
                    label="Biểu quyết")
    yield Paragraph(f"vote-rule-{key}", rule_text(vote), origin=Origin.LEDGER, label="Quy tắc biểu quyết")
    if vote.passed is None:
        yield Paragraph(f"vote-result-{key}", "Cuộc họp kết thúc khi biểu quyết chưa khóa; không có kết quả.",
                        origin=Origin.LEDGER, label="Kết quả biểu quyết")
        return
    yield Table(f"vote-counts-{key}", _COLUMNS, tuple(_rows(vote)))
    result = "được thông qua" if vote.passed else "không được thông qua"
    yield Paragraph(f"vote-result-{key}", f"Kết quả: nội dung trên {result}.", "bold", Origin.LEDGER,
                    label="Kết quả biểu quyết")


def rule_text(vote: VoteFact) -> str:
    """The rule as it was when the vote opened, and whether enough points were there."""
    rule = Rule.from_data(vote.rule)
    present = (f"Có quyền biểu quyết {vote.entitled} điểm cầu; có mặt {vote.present} "
               f"({layout.percent(vote.present, vote.entitled)})")
    return f"{present}{_quorum(rule, vote)}. Thông qua khi số tán thành {_majority(rule)}."


def _quorum(rule: Rule, vote: VoteFact) -> str:
    """Nothing where the rule asks for none."""
    if rule.quorum == 0:
        return ""
    enough = "đủ" if vote.present >= vote.quorum_needed else "không đủ"
    return f", {enough} số cần có là {vote.quorum_needed} ({_part(rule.quorum, 'tổng số')})"


def _majority(rule: Rule) -> str:
    part = _part(rule.majority, BASES[rule.base])
    if rule.more_than:
        return f"quá {part}"
    return f"bằng {part}" if rule.majority == 1 else f"đạt từ {part} trở lên"


def _part(share: Fraction, whole: str) -> str:
    return whole if share == 1 else f"{share} {whole}"


def appendices(facts: MinuteFacts) -> Iterable[Appendix]:
    """Every ballot by name: the votes here are open ones."""
    told: list[Block] = []
    for vote in facts.votes:
        if not vote.ballots:
            continue
        told.append(Heading(f"ballots-{vote.motion}", printable(clean(vote.title)), 2, Origin.LEDGER))
        for choice, name in CHOICES.items():
            voters = [printable(clean(b.name)) for b in vote.ballots if b.choice == choice]
            if voters:
                text = f"{name} ({len(voters)}): {'; '.join(voters)}."
                told.append(Paragraph(f"ballots-{vote.motion}-{choice}", text, origin=Origin.LEDGER))
    if told:
        yield Appendix("KẾT QUẢ BIỂU QUYẾT CỦA TỪNG ĐIỂM CẦU", tuple(told))


def _rows(vote: VoteFact) -> Iterable[tuple[str, ...]]:
    cast = 0
    for choice, name in CHOICES.items():
        count = int(vote.counts.get(choice, 0))
        cast += count
        yield _row(name, count, vote)
    if vote.entitled > cast:
        yield _row("Không bỏ phiếu", vote.entitled - cast, vote)


def _row(name: str, count: int, vote: VoteFact) -> tuple[str, ...]:
    # Those who did not vote may have been away, so their share of those present says nothing.
    share = layout.percent(count, vote.present) if name in CHOICES.values() else "–"
    return name, str(count), layout.percent(count, vote.entitled), share
