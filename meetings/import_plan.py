"""What an import changes: which units are new, which go on, which end, and who succeeds them.

Pure: takes the parsed rows and the stored versions, gives a plan; `meetings.store.unit_store` writes it.  Nothing is
ever deleted or renamed by a plan: a unit that ceases gets an end day, a unit that changes gets a new version.

Rules
1. A row is a stored unit if level, code, name and parent unit are the same and the stored version is true on the row's
   first day.  Anything else is a new unit, even under a known code: codes are reused.
2. With a succession list, the units named in it end on the day their successors begin.  A unit cannot outlive its
   level or its parent, so what stood below ends too: an abolished level leaves no successor, any other unit that the
   list forgets has an unknown one.
3. On no day two units bear one code; a row that would do so is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from meetings.importer import BadRow, ParsedUnits, SuccessionRow, UnitRow, refuse
from meetings.units import Level, Succession, Unit, UnitTree

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Plan:
    """`made`: first versions of new units.  `changed`: further versions of known ones.  `updated`: versions already
    stored (same unit_id and valid_from) that get an end day or a corrected fact.  `unchanged` counts rows that said
    nothing new."""

    made: tuple[Unit, ...] = ()
    changed: tuple[Unit, ...] = ()
    updated: tuple[Unit, ...] = ()
    successions: tuple[Succession, ...] = ()
    unchanged: int = 0


@dataclass
class _Draft:
    """The stored versions as they would be after the import; keyed by unit and first day."""

    versions: dict[tuple[str, date], Unit]
    codes: dict[str, list[tuple[str, date]]] = field(default_factory=dict)
    made: set[tuple[str, date]] = field(default_factory=set)

    def __post_init__(self) -> None:
        for key, unit in self.versions.items():
            self.codes.setdefault(unit.gso_code, []).append(key)

    def put(self, unit: Unit, new: bool) -> None:
        key = (unit.unit_id, unit.valid_from)
        self.versions[key] = unit
        if new:
            self.made.add(key)
            self.codes.setdefault(unit.gso_code, []).append(key)

    def bearer(self, code: str, on: date) -> Unit | None:
        """The unit that bears the code on a day."""
        found = (self.versions[key] for key in self.codes.get(code, ()))
        return next((unit for unit in found if unit.valid(on)), None)

    def rivals(self, unit: Unit) -> Iterable[Unit]:
        """Other units that bear the same code on a common day."""
        for key in self.codes.get(unit.gso_code, ()):
            other = self.versions[key]
            apart = (unit.valid_to is not None and unit.valid_to <= other.valid_from) or (
                other.valid_to is not None and other.valid_to <= unit.valid_from)
            if other.unit_id != unit.unit_id and not apart:
                yield other


def plan(
    parsed: ParsedUnits,
    succession: Sequence[SuccessionRow],
    stored: Sequence[Unit],
    known: Iterable[Succession],
    mint: Callable[[], str],
) -> Plan:
    """The changes that `parsed` (and its succession list) make to the `stored` versions.

    `known` are the successions already stored, so that a second import of the same files changes nothing; `mint` gives
    new surrogate ids.  Raises Invalid("units.row" | "succession.row", …) if a row contradicts what is stored.
    """
    draft = _Draft({(unit.unit_id, unit.valid_from): unit for unit in stored})
    originals = dict(draft.versions)
    _check_successors(parsed, succession)
    # One file may hold both generations: the older one must stand before the newer can succeed it.
    reform = _first_day(parsed, succession)
    unchanged = _place_rows([row for row in parsed.rows if row.valid_from < reform], parsed.levels, draft, mint)
    steps = _end_predecessors(parsed, succession, draft)
    unchanged += _place_rows([row for row in parsed.rows if row.valid_from >= reform], parsed.levels, draft, mint)
    before = set(known)
    first = {unit.unit_id for unit in stored}
    fresh = [draft.versions[key] for key in sorted(draft.made)]
    return Plan(
        made=tuple(unit for unit in fresh if unit.unit_id not in first),
        changed=tuple(unit for unit in fresh if unit.unit_id in first),
        updated=tuple(draft.versions[key] for key, unit in originals.items() if draft.versions[key] != unit),
        successions=tuple(step for step in _resolve(steps, draft) if step not in before),
        unchanged=unchanged,
    )


def _first_day(parsed: ParsedUnits, succession: Sequence[SuccessionRow]) -> date:
    """The day on which the first successor begins; the end of time where nothing is succeeded."""
    newest = _newest(parsed)
    return min((newest[row.new_code].valid_from for row in succession if row.new_code), default=date.max)


# --- rows --------------------------------------------------------------------------------------------------------


def _place_rows(rows: Sequence[UnitRow], levels: Sequence[Level], draft: _Draft, mint: Callable[[], str]) -> int:
    """Puts every row into the draft, parents before children; returns how many said nothing new."""
    rank = {level.level_id: level.rank for level in levels}
    bad, unchanged, waiting = [], 0, sorted(rows, key=lambda row: (rank[row.level], row.valid_from, row.line))
    pending = {row.gso_code for row in waiting}
    while waiting:
        later = []
        for row in waiting:
            parent = draft.bearer(row.parent_code, row.valid_from) if row.parent_code else None
            if row.parent_code and parent is None:
                later.append(row)
                continue
            reason, said_nothing = _place(row, parent, draft, mint)
            unchanged += said_nothing
            if reason:
                bad.append(BadRow(row.line, reason, row.gso_code))
        if len(later) == len(waiting):  # their parents ended with this very import, or were refused above
            bad += [BadRow(row.line, "parent_unknown", row.parent_code) for row in later
                    if not bad or row.parent_code not in pending]
            break
        waiting = later
    refuse(bad)
    return unchanged


def _place(row: UnitRow, parent: Unit | None, draft: _Draft, mint: Callable[[], str]) -> tuple[str, bool]:
    """(reason of refusal or "", whether the row said nothing new)."""
    parent_id = parent.unit_id if parent else None
    stored = _same_unit(row, parent_id, draft)
    if stored is None:
        unit = Unit(
            mint(), row.name, row.type, row.level, parent_id, row.gso_code, row.organ_id, row.valid_from, row.valid_to,
            row.lat, row.lon, row.source, row.as_of, row.illustrative,
        )
        if any(True for _ in draft.rivals(unit)):
            return "code_taken", False
        draft.put(unit, new=True)
        return "", False
    told = _told(row, stored)
    if told == stored:
        return "", True
    if stored.valid_from < row.valid_from and (told.type, told.organ_id) != (stored.type, stored.organ_id):
        draft.put(replace(stored, valid_to=row.valid_from), new=False)
        draft.put(replace(told, valid_from=row.valid_from), new=True)
    elif stored.valid_from == row.valid_from or told.valid_to != stored.valid_to:
        draft.put(told, new=False)
    else:
        return "", True  # a newer source that differs in nothing but its name is no change of the unit
    return ("code_taken" if any(True for _ in draft.rivals(told)) else ""), False


def _same_unit(row: UnitRow, parent_id: str | None, draft: _Draft) -> Unit | None:
    unit = draft.bearer(row.gso_code, row.valid_from)
    same = unit is not None and (unit.level, unit.name, unit.parent_id) == (row.level, row.name, parent_id)
    return unit if same else None


def _told(row: UnitRow, unit: Unit) -> Unit:
    """The stored version with what the row states; a blank cell states nothing and takes nothing back."""
    return replace(
        unit, type=row.type, organ_id=row.organ_id or unit.organ_id, valid_to=row.valid_to or unit.valid_to,
        lat=unit.lat if row.lat is None else row.lat, lon=unit.lon if row.lon is None else row.lon,
        source=row.source, as_of=row.as_of, illustrative=row.illustrative,
    )


def _newest(parsed: ParsedUnits) -> dict[str, UnitRow]:
    """By code, the row that begins last: the one that a succession list means."""
    return {row.gso_code: row for row in sorted(parsed.rows, key=lambda row: row.valid_from)}


# --- successions ---------------------------------------------------------------------------------------------------


def _check_successors(parsed: ParsedUnits, succession: Sequence[SuccessionRow]) -> None:
    """Every successor must be a row of the unit file, under the same name: a code alone might be an older bearer's."""
    newest, bad = _newest(parsed), []
    for row in succession:
        new = newest.get(row.new_code)
        if row.new_code and new is None:
            bad.append(BadRow(row.line, "new_unknown", row.new_code))
        elif new is not None and new.name != row.new_name:
            bad.append(BadRow(row.line, "new_name", f"{row.new_name} / {new.name}"))
    refuse(bad, "succession.row")


def _end_predecessors(
    parsed: ParsedUnits, succession: Sequence[SuccessionRow], draft: _Draft
) -> list[tuple[SuccessionRow | None, str, date]]:
    """Ends the units of the list and what cannot outlive them; returns (row or None, unit that ended, day) each."""
    starts = {code: row.valid_from for code, row in _newest(parsed).items()}
    bad: list[BadRow] = []
    steps: list[tuple[SuccessionRow | None, str, date]] = []
    days: set[date] = set()
    for row in succession:
        day = starts[row.new_code] if row.new_code else max(starts.values())
        old = draft.bearer(row.old_code, day - _DAY)
        if old is None:
            bad.append(BadRow(row.line, "old_unknown", row.old_code))
        else:
            days.add(day)
            steps.append((row, old.unit_id, day))
            draft.put(replace(old, valid_to=day), new=False)
    refuse(bad, "succession.row")
    levels = {level.level_id: level for level in parsed.levels}
    listed = {unit_id for _, unit_id, _ in steps}
    for day in sorted(days):
        steps += [(None, unit_id, day) for unit_id in _cease(day, listed, levels, draft)]
    return steps


def _cease(day: date, listed: set[str], levels: dict[str, Level], draft: _Draft) -> list[str]:
    """Ends what stands below the listed units' roots and loses its level or its parent on `day`.

    Returns those that leave an unknown successor: all but the units of a level that is abolished that day.
    """
    tree = UnitTree(draft.versions.values(), day - _DAY)
    touched = {tree.path(unit_id)[0] for unit_id in listed if unit_id in tree}
    lost, forgotten = set(listed), []
    for root in sorted(touched):
        for unit in tree.subtree(root):
            abolished = levels[unit.level].retired_on == day
            if unit.unit_id in listed or not (abolished or unit.parent_id in lost):
                continue
            lost.add(unit.unit_id)
            if unit.valid_to is None or unit.valid_to > day:
                draft.put(replace(unit, valid_to=day), new=False)
            if not abolished:
                forgotten.append(unit.unit_id)
    return forgotten


def _resolve(steps: Iterable[tuple[SuccessionRow | None, str, date]], draft: _Draft) -> Iterable[Succession]:
    """The steps with the surrogate ids of the successors, which exist only now that all rows are placed."""
    for row, old_id, day in steps:
        if row is None or row.share == "unknown":
            yield Succession(old_id, None, "unknown", day)
            continue
        new = draft.bearer(row.new_code, day)
        if new is not None:
            yield Succession(old_id, new.unit_id, row.share, day)
