"""The sketch of a province: every mark inside the frame, none on another, the same picture whatever the order."""

from __future__ import annotations

import csv
from math import hypot

from hypothesis import given, settings
from hypothesis import strategies as st

from meetings.store.datasets import DATA
from web.point_map import HIGHEST, LARGEST, LETTER, LINE, LOWEST, Degrees, PointMap, fitted, written

COORDINATES = st.tuples(st.floats(-60, 70, allow_nan=False), st.floats(90, 120, allow_nan=False))
NEAR = st.tuples(st.floats(20.9, 21.2), st.floats(107.0, 107.4))
SETS = st.one_of(
    st.dictionaries(st.text("abc123", min_size=1, max_size=6), COORDINATES, max_size=40),
    st.dictionaries(st.text("abc123", min_size=1, max_size=6), NEAR, max_size=120),
    st.builds(lambda count, place: {f"{n}": place for n in range(count)}, st.integers(1, 300), NEAR),  # all in one building
)


def check(found: PointMap) -> None:
    half, places = found.size / 2 - 1e-6, sorted(found.places.values())
    assert 0 < found.size <= LARGEST and LOWEST <= found.height <= HIGHEST
    assert all(half <= right <= found.width - half and half <= down <= found.height - half for right, down in places)
    for number, one in enumerate(places):
        for other in places[number + 1:]:
            if other[0] - one[0] >= found.size:
                break
            assert hypot(one[0] - other[0], one[1] - other[1]) >= found.size


@settings(max_examples=25, deadline=None)
@given(SETS)
def test_every_mark_is_in_the_frame_and_none_lies_on_another(points: dict[str, Degrees]) -> None:
    found = fitted(points)
    assert found.places.keys() == points.keys()
    check(found)


@settings(max_examples=10, deadline=None)
@given(SETS, st.randoms(use_true_random=False))
def test_the_order_in_which_points_come_changes_nothing(points: dict[str, Degrees], dice: object) -> None:
    shuffled = list(points)
    dice.shuffle(shuffled)  # type: ignore[attr-defined]
    assert fitted({key: points[key] for key in shuffled}) == fitted(points)


def province(file: str, which: str = "") -> dict[str, Degrees]:
    with (DATA / file).open(encoding="utf-8-sig") as lines:
        return {row["gso_code"]: (float(row["lat"]), float(row["lon"])) for row in csv.DictReader(lines)
                if row["lat"] and which in (row["gso_code"], row["parent_code"], "")}


def test_a_province_lies_as_it_is() -> None:
    """Móng Cái lies to the east of Hạ Long and farther north; who stands alone is not moved at all, the others by little."""
    points = province("units-quang-ninh-2020.csv")
    found = fitted(points)
    check(found)
    assert len(found.places) == 185 and found.places["194"][0] > 800
    assert found.places["193"][0] < 500 and found.places["193"][1] > found.places["194"][1] + 200
    moved = {key: hypot(place[0] - true[0], place[1] - true[1]) for key, place in found.places.items() for true in [found.at(*points[key])]}
    assert sum(by < 0.1 for by in moved.values()) > 70 and max(moved.values()) < 4 * found.size, max(moved.values())


def test_names_are_written_near_their_place_on_no_mark_and_on_no_other_name() -> None:
    points = province("units-quang-ninh-2020.csv")
    found, districts = fitted(points), {f"Huyện số {code}": points[code] for code in points if len(code) == 3}
    names = written(found, districts)
    assert len(names) >= 10 and names == written(found, dict(reversed(districts.items())))
    for name, (right, down) in names.items():
        half = LETTER * len(name) / 2
        assert half <= right <= found.width - half and LINE / 2 <= down <= found.height - LINE / 2
        assert all(abs(x - right) >= half or abs(y - down) >= LINE / 2 for x, y in found.places.values())
        assert all(name == other or abs(x - right) >= half or abs(y - down) >= LINE for other, (x, y) in names.items())
        true = found.at(*districts[name])
        assert hypot(true[0] - right, true[1] - down) < 6 * found.size


def test_a_country_has_room_too() -> None:
    points = province("units-vietnam-2025.csv")
    north = {code: place for number, (code, place) in enumerate(points.items()) if number % 5 == 0}
    found = fitted(north)
    check(found)
    assert len(found.places) == 671 and found.height > 1000


def test_nothing_and_one_have_a_map() -> None:
    assert fitted({}).places == {}
    assert fitted({"one": (21.0, 107.0)}).places == {"one": (500, 500)}
