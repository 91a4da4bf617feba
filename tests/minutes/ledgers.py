"""Ledgers of made-up meetings for the document tests: real chained events, nothing stored."""

from datetime import UTC, datetime, timedelta

from meetings.ledger import Event, link_event

OPENING = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)          # 08:00 in Vietnam
HOSTILE = "#import \"x\": * $y$ [@ref] *b* _i_ `r` <b>&amp; \\ // =HYPERLINK(\"http://x\") {{7*7}}"
RULE = {"quorum": "2/3", "majority": "1/2", "base": "all"}


class Ledger:
    """Appends events at minutes counted from the opening."""

    def __init__(self, meeting_id: str = "01936000-0000-7000-8000-000000000001") -> None:
        self.meeting_id = meeting_id
        self.events: list[Event] = []

    def add(self, _kind: str, _minute: float = 0, _point: dict | None = None, **data: object) -> "Ledger":
        last = (self.events[-1].seq, self.events[-1].hash) if self.events else None
        at = OPENING + timedelta(minutes=_minute)
        self.events.append(link_event(last, self.meeting_id, _kind, at, {"user": "u1", "name": "Thư ký"}, _point, data))
        return self

    def create(self, title: str = "Hội nghị trực tuyến về chuyển đổi số", **changes: object) -> "Ledger":
        data = {
            "title": title, "kind": "conference", "place": "Phòng họp số 1",
            "start": "2026-11-24T01:00:00.000000Z", "end": "2026-11-24T04:30:00.000000Z",
            "unit": {"id": "22", "name": "Tỉnh Quảng Ninh", "parent_name": None, "path": ["22"]},
            "chair": {"id": "c", "name": "TS. Trần Thị Bình", "title": "Chủ tịch UBND tỉnh"},
            "secretary": {"id": "s", "name": "Nguyễn Văn An", "title": "Chuyên viên Văn phòng UBND tỉnh"},
            "division_head": {"id": "d", "name": "Lê Hoa", "title": "Trưởng phòng"},
            "clerk": {"id": "k", "name": "Vũ Mai", "title": "Văn thư"},
            "agenda": [{"item": 1, "title": "Khai mạc", "presenter": "Chủ tọa"},
                       {"item": 2, "title": "Thảo luận", "presenter": ""}],
        }
        return self.add("meeting.created", -60, **{**data, **changes})

    def book(self, count: int, names: str = "Xã Ba Chẽ {}") -> "Ledger":
        self.points = [
            {"id": n, "code": f"{n:05d}", "name": names.format(n), "unit": str(n), "level": level_of(n, count)}
            for n in range(1, count + 1)]
        return self.add("meeting.booked", -50, points=self.points, count=count)

    def point(self, number: int) -> dict:
        return {key: self.points[number - 1][key] for key in ("id", "code", "name")}

    def join(self, *numbers: int, minute: float = -3) -> "Ledger":
        for number in numbers:
            self.add("point.joined", minute, self.point(number))
        return self

    def leave(self, number: int, minute: float, reason: str = "gone") -> "Ledger":
        return self.add("point.left", minute, self.point(number), reason=reason)

    def vote(self, motion: str, minute: float, choices: dict[int, str], passed: bool = True) -> "Ledger":
        entitled = len(self.points)
        title = "Thông qua kế hoạch năm 2027"
        self.add("motion.opened", minute, motion=motion, title=title, rule=RULE, options=["for", "against", "abstain"],
                 entitled=entitled, present=entitled - 1, quorum_needed=-(-2 * entitled // 3))
        for number, choice in choices.items():
            self.add("ballot.cast", minute + 1, self.point(number), motion=motion, choice=choice, receipt="r")
        counts = {c: sum(x == c for x in choices.values()) for c in ("for", "against", "abstain")}
        return self.add("motion.closed", minute + 2, motion=motion, title=title, counts=counts, entitled=entitled,
                        present=entitled - 1, base="all", passed=passed, rule=RULE)


def level_of(number: int, count: int) -> str:
    """239 points as the real province has them; small meetings have one provincial point."""
    if count < 239:
        return "province" if number == 1 else "commune"
    return "province" if number == 1 else "district" if number <= 14 else "body" if number <= 62 else "commune"


def whole_meeting(count: int = 12, title: str = "Hội nghị trực tuyến về chuyển đổi số") -> list[Event]:
    """Everything the minutes tell: late, early, absent points, floors, a vote, a pause, conclusions, a delegate."""
    log = Ledger().create(title).book(count).add("meeting.convened", -50)
    log.join(*(n for n in range(1, count + 1) if n not in (5, 6))).add("meeting.opened", 0)
    log.add("agenda.started", 1, item=1, title="Khai mạc").add("agenda.started", 5, item=2, title="Thảo luận")
    log.add("floor.given", 6, log.point(2)).join(5, minute=12).add("floor.given", 16, log.point(3))
    log.add("floor.taken", 20)
    choices = {n: "for" for n in range(1, count + 1) if n not in (5, 6)} | {3: "against", 4: "abstain"}
    log.vote("m1", 30, choices)
    log.leave(2, 50).join(2, minute=55).leave(8, 80)
    log.add("document.added", 56, document="d1", name="Báo cáo số 12.pdf", sha256="0" * 64, size=12,
            media_type="application/pdf")
    log.add("delegate.recorded", 57, log.point(3), delegate="x1", name="Phạm Văn Cường", post="Phó Chủ tịch UBND xã",
            present=True)
    log.add("conclusion.written", 58, ord=1, text="Giao Sở Khoa học và Công nghệ chủ trì, hoàn thành trong tháng 12.")
    log.add("conclusion.written", 58, ord=2, text="Bỏ.").add("conclusion.removed", 59, ord=2)
    log.add("conclusion.written", 59, ord=3, text="Các xã báo cáo hằng tuần.")
    log.add("meeting.suspended", 60).add("meeting.resumed", 70)
    return log.add("meeting.closed", 100, present=count - 1, booked=count).events
