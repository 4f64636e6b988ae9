"""The proof inside the program: tabulates the finished rows and refuses any unmet figure."""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from survey_app.demo.criteria import CRITERIA
from survey_app.demo.figures import OUTSIDE, PROVENANCE, Criterion, Figures, half_up
from survey_app.demo.officials import option_points

Row = Mapping[str, str]


def check(citizens: Sequence[Row], officials: Sequence[Row], figures: Figures) -> None:
    """Raise `ValueError` unless the rows give back every published figure and carry the label."""
    for row in (*citizens, *officials):
        _same(f"nguồn gốc của phiếu {row['response_id']}", row["provenance"], PROVENANCE)
    _same("số người dân", len(citizens), figures.citizens)
    _same("số người dân không trả lời khối nào", _silent(citizens, figures), _unheard(figures))
    _check_answers(citizens, figures)
    _check_readiness(citizens, figures)
    rates = _component_rates(citizens)
    _check_sipas(rates, figures)
    _check_par(rates, officials, figures)


def _check_answers(citizens: Sequence[Row], figures: Figures) -> None:
    for figure in figures.answers:
        valid = _valid(citizens, figure.item)
        count = sum(1 for cell in valid if set(cell.split()) & set(figure.codes))
        name = f"{figure.item} ({figure.text})"
        _same(f"số trả lời hợp lệ của {name}", len(valid), figure.base)
        _same(f"số người chọn ở {name}", count, figure.count)
        _same(f"tỷ lệ của {name}", half_up(Fraction(100 * count, len(valid)), 2), figure.per_cent)


def _check_readiness(citizens: Sequence[Row], figures: Figures) -> None:
    cells = [cell.split() for cell in _valid(citizens, "readiness")]
    published = sum(figure.count for figure in figures.of("readiness"))
    _same("số lượt chọn về sự sẵn sàng", sum(map(len, cells)), published)
    doubled = [cell for cell in cells if len(cell) > 1 and set(cell) & set(figures.cannot)]
    _same("số người chọn «không thể» cùng phương án khác", len(doubled), 0)


def _check_sipas(rates: Mapping[str, Fraction], figures: Figures) -> None:
    for component in figures.components:
        rate = rates[component.code]
        _same(f"tỷ lệ của {component.code}", half_up(rate, 2), component.rate)
        if not component.low <= rate < component.high:
            raise ValueError(f"{component.code} = {float(rate)} nằm ngoài khoảng phải đạt.")
    for staged in (False, True):
        used = {code: half_up(rate, 2) if staged else rate for code, rate in rates.items()}
        pillars = [_mean(used[code] for code in used if code[0] == letter) for letter in "PS"]
        for pillar, value in zip(("I", "II"), pillars, strict=True):
            _same(f"nội dung {pillar}", half_up(value, 2), figures.totals[pillar])
        ends = [half_up(value, 2) if staged else value for value in pillars]
        _same("SIPAS", half_up(_mean(ends), 2), figures.totals["SIPAS"])


def _check_par(rates: Mapping[str, Fraction], officials: Sequence[Row], figures: Figures) -> None:
    points: dict[str, Fraction] = {}
    sums: dict[str, Fraction] = {}
    for line in figures.par:
        if not line.item:
            continue
        known = line.item in rates
        rate = rates[line.item] if known else _officials_rate(officials, line)
        _same_points(line.code, half_up(line.maximum * half_up(rate, 2) / 100, 4), line.points)
        points[line.code] = half_up(line.maximum * rate / 100, 4)
        _same_points(f"{line.code} (làm tròn một lần)", points[line.code], line.points)
        sums[line.parent] = sums.get(line.parent, Fraction(0)) + line.points
    sums["TOTAL"] = sum(points.values(), Fraction(0))
    for line in figures.par:
        if not line.item:
            _same_points(f"tổng {line.code}", sums[line.code], line.points)


def _officials_rate(officials: Sequence[Row], line: Criterion) -> Fraction:
    table = option_points(line.code)
    return 100 * _mean(table[cell] for cell in _valid(officials, line.item))


def _component_rates(citizens: Sequence[Row]) -> dict[str, Fraction]:
    """The unrounded rate in per cent of every component."""
    return {
        code: 100 * _mean(_favourable(citizens, f"{code.lower()}_{one + 1}") for one in range(many))
        for code, many in CRITERIA.items()
    }


def _favourable(citizens: Sequence[Row], item: str) -> Fraction:
    return _mean(Fraction(cell in ("4", "5")) for cell in _valid(citizens, item))


def _silent(citizens: Sequence[Row], figures: Figures) -> int:
    asked = {figure.item for figure in figures.answers}
    asked |= {f"{code.lower()}_{one + 1}" for code, many in CRITERIA.items() for one in range(many)}
    return sum(1 for row in citizens if not any(row[item] for item in asked))


def _unheard(figures: Figures) -> int:
    return figures.citizens - figures.bases[-1]


def _valid(table: Sequence[Row], item: str) -> list[str]:
    return [row[item] for row in table if row[item] and row[item] not in OUTSIDE]


def _mean(numbers: Iterable[Fraction]) -> Fraction:
    listed = list(numbers)
    return sum(listed, Fraction(0)) / len(listed)


def _same(name: str, found: object, published: object) -> None:
    if found != published:
        raise ValueError(f"Dữ liệu dựng lại sai ở {name}: được {found}, đã công bố {published}.")


def _same_points(name: str, found: Fraction, published: Fraction) -> None:
    _same(f"điểm của {name}", found, published)
