"""How a vote is told in the minutes: rule, quorum, a table of counts and shares, the reckoning, the result, who voted how.

Pure.  It never decides whether a motion passed: the ledger says so.  Called by draft.py.
"""

from collections.abc import Iterable
from fractions import Fraction

from meetings.voting import Rule
from minutes import layout
from minutes.facts import Ballot, MinuteFacts, VoteFact
from minutes.glyphs import tidy
from minutes.model import Appendix, Block, Column, Heading, Origin, Paragraph, Table

CHOICES = {"for": "Tán thành", "against": "Không tán thành", "abstain": "Không biểu quyết"}
METHODS = {"electronic": "", "hands": " (giơ tay)", "slip": " (phiếu lấy ý kiến)"}
VOTERS = {"points": "điểm cầu", "persons": "đại biểu"}
UNFINISHED = {"slip": "Phiếu lấy ý kiến còn trong hạn khi cuộc họp kết thúc; kết quả được thông báo sau."}

_COLUMNS = (Column("Ý kiến", 34), Column("Số phiếu", 16, "center"), Column("Tỷ lệ trên tổng số", 25, "center"),
            Column("Tỷ lệ trên số có mặt", 25, "center"))
_OF_SLIPS = (*_COLUMNS[:3], Column("Tỷ lệ trên số trả lời", 25, "center"))


def blocks(vote: VoteFact) -> Iterable[Block]:
    """A vote inside the body.  The table stands as the ledger has it; edited sentences are marked."""
    key = vote.motion
    yield Paragraph(f"vote-{key}", f"Biểu quyết{METHODS[vote.method]}: {tidy(vote.title)}", "bold", Origin.LEDGER,
                    label="Biểu quyết")
    yield Paragraph(f"vote-rule-{key}", rule_text(vote), origin=Origin.LEDGER, label="Quy tắc biểu quyết")
    if vote.passed is None:
        unfinished = UNFINISHED.get(vote.method, "Cuộc họp kết thúc khi biểu quyết chưa khóa; không có kết quả.")
        yield Paragraph(f"vote-result-{key}", unfinished, origin=Origin.LEDGER, label="Kết quả biểu quyết")
        return
    yield Table(f"vote-counts-{key}", _OF_SLIPS if vote.method == "slip" and not vote.joined else _COLUMNS, tuple(_rows(vote)))
    if vote.arithmetic:
        yield Paragraph(f"vote-sum-{key}", arithmetic_text(vote), origin=Origin.LEDGER, label="Cách tính")
    if vote.method == "hands":
        yield Paragraph(f"vote-witness-{key}", f"Số phiếu do {tidy(vote.entered_by)} ghi, {tidy(vote.witness)} chứng kiến.",
                        origin=Origin.LEDGER, label="Người đếm phiếu")
    yield Paragraph(f"vote-result-{key}", f"Kết quả: {_result(vote)}.", "bold", Origin.LEDGER, label="Kết quả biểu quyết")


def rule_text(vote: VoteFact) -> str:
    """The rule as it was when the vote opened, and whether enough were there."""
    rule = Rule.from_data(vote.rule)
    whom = VOTERS[rule.over]
    if vote.method == "slip":
        return f"Gửi phiếu cho {vote.voters} {whom}{_answered(vote)}. {_passes(rule, vote)}"
    if vote.voters and vote.voters != vote.entitled:  # some have more votes than one
        entitled = f"Có quyền biểu quyết {vote.voters} {whom} với {vote.entitled} phiếu; có mặt {vote.present} phiếu"
    else:
        entitled = f"Có quyền biểu quyết {vote.entitled} {whom}; có mặt {vote.present}"
    told = f"{entitled} ({layout.percent(vote.present, vote.entitled)}){_quorum(rule, vote)}"
    return f"{told}. {_passes(rule, vote)}"


def _answered(vote: VoteFact) -> str:
    """Of slips; nothing while they run."""
    if vote.passed is None:
        return ""
    if vote.joined:
        return f"; gộp với biểu quyết tại cuộc họp: {vote.entitled} phiếu, có mặt hoặc trả lời {vote.present}"
    return f"; trả lời {vote.present}"


def _passes(rule: Rule, vote: VoteFact) -> str:
    chair = " Khi số phiếu ngang nhau thì theo ý kiến của chủ tọa." if rule.tie == "chair" else ""
    return f"Thông qua khi số {'phiếu của một phương án' if vote.labels else 'tán thành'} {_majority(rule)}.{chair}"


def _quorum(rule: Rule, vote: VoteFact) -> str:
    """Nothing where the rule asks for none."""
    if rule.quorum == 0:
        return ""
    enough = "đủ" if vote.present >= vote.quorum_needed else "không đủ"
    whole = "tổng số" if rule.quorum_of == "entitled" else f"{rule.members} thành viên"
    return f", {enough} số cần có là {vote.quorum_needed} ({_part(rule.quorum, whole)})"


def _majority(rule: Rule) -> str:
    whom = VOTERS[rule.over]
    whole = {"members": f"tổng số {rule.members} thành viên", "entitled": f"tổng số {whom} có quyền biểu quyết",
             "present": f"số {whom} có mặt", "cast": "số phiếu đã bỏ"}[rule.base]
    part = _part(rule.majority, whole)
    if rule.strict:
        return f"quá {part}"
    return f"bằng {part}" if rule.majority == 1 else f"đạt từ {part} trở lên"


def _part(share: Fraction, whole: str) -> str:
    return whole if share == 1 else f"{share} {whole}"


def arithmetic_text(vote: VoteFact) -> str:
    """`1/2 × 239 = 119,5; tán thành 120, quá mức này.`"""
    sums = vote.arithmetic
    share, threshold = Fraction(sums["share"]), Fraction(sums["threshold"])
    what = name_of(vote, sums["choice"])
    if sums["reached"]:
        compared = "quá mức này" if sums["strict"] else "đạt mức này"
    else:
        compared = "không quá mức này" if sums["strict"] else "không đạt mức này"
    return f"Cách tính: {share} × {sums['base']} = {number(threshold)}; {what[0].lower()}{what[1:]} {sums['votes']}, {compared}."


def number(value: Fraction) -> str:
    """`119,5`, or `159 1/3` where a decimal would not end."""
    if value.denominator == 1:
        return str(value.numerator)
    if (tenths := value * 100).denominator == 1:
        return f"{tenths.numerator // 100},{tenths.numerator % 100:02d}".rstrip("0")
    whole = value.numerator // value.denominator
    return f"{whole} {value - whole}" if whole else str(value)


def _result(vote: VoteFact) -> str:
    way = {"chair": ", số phiếu ngang nhau, theo ý kiến của chủ tọa", "fails": ", số phiếu ngang nhau"}.get(vote.tie, "")
    if not vote.passed:
        return f"{'không phương án nào' if vote.labels else 'nội dung trên không'} được thông qua{way}"
    what = f"“{name_of(vote, vote.won)}”" if vote.labels and vote.won else "nội dung trên"
    return f"{what} được thông qua{way}"


def name_of(vote: VoteFact, choice: str) -> str:
    """An option in words: its own, or one of the usual answers."""
    usual = "Ý kiến khác" if vote.method == "slip" and choice == "abstain" else CHOICES.get(choice, choice)
    return tidy(vote.labels.get(choice) or usual)


def _options(vote: VoteFact) -> tuple[str, ...]:
    return vote.options or tuple(CHOICES)


def appendices(facts: MinuteFacts) -> Iterable[Appendix]:
    """Every ballot by name: the votes here are open ones.  And who was not there, at the opening and at the closing."""
    told: list[Block] = []
    for vote in facts.votes:
        if names := [*_named(vote), *_away(facts, vote)]:  # none yet of slips that still run
            told += [Heading(f"ballots-{vote.motion}", tidy(vote.title), 2, Origin.LEDGER), *names]
    if told:
        persons = any(one.person for vote in facts.votes for one in vote.ballots) or any(one.name for vote in facts.votes for one in vote.electors)
        yield Appendix(f"KẾT QUẢ BIỂU QUYẾT CỦA TỪNG {'ĐẠI BIỂU' if persons else 'ĐIỂM CẦU'}", tuple(told))


def _named(vote: VoteFact) -> Iterable[Block]:
    for choice in _options(vote):
        voters = [_voter(ballot) for ballot in vote.ballots if ballot.choice == choice]
        if voters:
            text = f"{name_of(vote, choice)} ({len(voters)}): {'; '.join(voters)}."
            yield Paragraph(f"ballots-{vote.motion}-{choice}", text, origin=Origin.LEDGER)


def _away(facts: MinuteFacts, vote: VoteFact) -> Iterable[Block]:
    names = {point.code: point.name for point in facts.points}
    cast = {ballot.voter for ballot in vote.ballots}
    lists = {} if vote.method == "slip" else {"opening": ("Vắng mặt khi mở biểu quyết", [one for one in vote.electors if not one.present])}
    if vote.method == "slip" and vote.passed is not None:
        lists["silent"] = ("Không trả lời phiếu", [one for one in vote.electors if one.voter not in cast])
    if vote.passed is not None and vote.method != "slip":
        lists["closing"] = ("Vắng mặt khi khóa biểu quyết", [one for one in vote.electors if not one.stayed])
        if vote.method == "electronic":
            lists["silent"] = ("Không bỏ phiếu", [one for one in vote.electors if one.voter not in cast])
    for key, (what, electors) in lists.items():
        if electors:
            listed = [tidy(one.name or names.get(one.code, one.code)) for one in electors]
            yield Paragraph(f"ballots-{vote.motion}-{key}", f"{what} ({len(listed)}): {'; '.join(listed)}.", origin=Origin.LEDGER)


def _voter(ballot: Ballot) -> str:
    return f"{tidy(ballot.person)} ({tidy(ballot.name)})" if ballot.person else tidy(ballot.name)


def _rows(vote: VoteFact) -> Iterable[tuple[str, ...]]:
    cast = 0
    for choice in _options(vote):
        count = int(vote.counts.get(choice, 0))
        cast += count
        yield _row(name_of(vote, choice), count, vote, layout.percent(count, vote.present))
    if vote.entitled > cast:
        # Those who did not vote may have been away, so their share of those present says nothing.
        yield _row("Không bỏ phiếu", vote.entitled - cast, vote, "–")


def _row(name: str, count: int, vote: VoteFact, share: str) -> tuple[str, ...]:
    return name, str(count), layout.percent(count, vote.entitled), share
