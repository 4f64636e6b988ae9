"""The citizens' answers, dealt out so that every count is the published one."""

from collections.abc import Callable, Sequence

from survey_app.demo.chance import Chance, apportioned
from survey_app.demo.criteria import LEVELS, CriterionCounts, find_criteria
from survey_app.demo.figures import Figure, Figures
from survey_app.demo.people import Person, settle

Score = Callable[[Person], float]
Counts = Sequence[tuple[str, int]]
Shares = tuple[tuple[str, float], ...]
TRANSACTION = "experience_4"
FACTS = ("channel", "experience")
SILENT_ON_FACTS: Shares = (("99", 1.0),)
SILENT: Shares = (("98", 0.6), ("99", 0.4))
SILENT_STRANGER: Shares = (("97", 0.6), ("98", 0.25), ("99", 0.15))

CHANNELS: dict[str, Score] = {
    "1": lambda person: 0.5 * person.rural + 0.3 * person.age,
    "2": lambda person: 0.4 * person.engagement + 0.2 * person.age,
    "3": lambda person: 0.4 * person.engagement,
    "4": lambda person: -0.4 * person.engagement,
    "5": lambda person: 0.2 * person.age,
    "6": lambda person: 0.9 * person.skill,
}
EXPERIENCES: dict[str, Score] = {
    "experience_1": lambda person: -0.3 * person.age * person.age,
    "experience_2": lambda person: 0.2 * person.age,
    "experience_3": lambda person: 0.8 * person.engagement + 0.2 * person.skill,
    TRANSACTION: lambda person: 0.8 * person.engagement + 0.2 * person.skill,
    "experience_5": lambda person: 0.7 * person.engagement + 0.4 * person.grievance,
    "experience_6": lambda person: 1.0 * person.engagement,
    "experience_7": lambda person: 0.9 * person.engagement + 0.2 * person.grievance,
}


def answer_citizens(figures: Figures, chance: Chance) -> list[dict[str, str]]:
    """The rows of the citizens' file, without the provenance column.

    As many people as the largest base falls short of the respondents answered none of the blocks.
    """
    people = settle(figures.citizens, chance)
    answering = sorted(chance.shuffled(range(len(people)))[: figures.bases[-1]])
    form = _Form(people, [people[place] for place in answering], chance)
    _opinions(form, figures)
    for component in figures.components:
        _satisfaction(form, find_criteria(component, figures.bases, chance))
    for item in _items(figures.expectations):
        form.deal(item, _counts(figures.of(item)), _wish)
    return [person.columns for person in people]


class _Form:
    """The paper that all citizens fill in together, one item after the other.

    Each item ranks the people by their inclination and a share of luck and lets the first ones
    give the first answer, so the counts are exact and the answers of a person hang together.
    """

    def __init__(
        self, people: Sequence[Person], answering: Sequence[Person], chance: Chance
    ) -> None:
        self.people = people
        self.answering = answering
        self.chance = chance

    def ranked(self, people: Sequence[Person], score: Score, luck: float = 1.0) -> list[Person]:
        """The people from the most to the least inclined."""
        drawn = [-score(person) - luck * self.chance.normal() for person in people]
        return [people[place] for place in sorted(range(len(people)), key=drawn.__getitem__)]

    def deal(self, item: str, counts: Counts, score: Score, luck: float = 1.0) -> None:
        """Give the codes in their order, the first code to the most inclined people."""
        ranked = self.ranked(self.invite(item, counts), score, luck)
        codes = [code for code, count in counts for _ in range(count)]
        for person, code in zip(ranked, codes, strict=True):
            person.columns[item] = code

    def invite(self, item: str, counts: Counts) -> Sequence[Person]:
        """The people who answer the item, as many as `counts` add up to.

        The most reluctant of those who answer at all give a code outside the scale instead; the
        people who answered none of the blocks get an empty cell.
        """
        silent = len(self.answering) - sum(count for _, count in counts)
        for person in self.people:
            person.columns[item] = ""
        if not silent:
            return self.answering
        service = item.startswith("s") and item[1].isdigit()
        stranger = {one: service and one.columns[TRANSACTION] == "2" for one in self.answering}
        refusing = self.ranked(self.answering, lambda one: one.reluctance + 1.5 * stranger[one])
        for person in refusing[:silent]:
            opinion = SILENT_STRANGER if stranger[person] else SILENT
            reasons = SILENT_ON_FACTS if item.startswith(FACTS) else opinion
            person.columns[item] = self.chance.pick(reasons)
        return [person for person in self.answering if not person.columns[item]]

    def deal_ticks(self, item: str, first: Counts, ticks: Counts, scores: dict[str, Score]) -> None:
        """Give everybody one tick in the order of `first`, then fill up to the counts of `ticks`.

        The people whose first tick is not among `ticks` (an exclusive option) get no second one.
        """
        people = self.invite(item, first)
        held: dict[Person, list[str]] = {}
        waiting = people
        for code, count in first:
            ranked = self.ranked(waiting, scores[code])
            held |= {person: [code] for person in ranked[:count]}
            waiting = ranked[count:]
        several = dict(ticks)
        given = {code: count for code, count in first if code in several}
        for code, count in ticks:
            free = [one for one in people if code not in held[one] and held[one][0] in given]
            for person in self.ranked(free, scores[code])[: count - given[code]]:
                held[person].append(code)
        for person, codes in held.items():
            person.columns[item] = " ".join(sorted(codes))


def _opinions(form: _Form, figures: Figures) -> None:
    for item in _items(figures.opinions):
        printed = figures.of(item)
        if item.startswith("interest"):
            form.deal(item, _interest(printed[0], form.chance), lambda one: one.engagement)
        elif item == "channel":
            _channel(form, printed)
        elif item == "readiness":
            _readiness(form, printed, figures.cannot)
        elif item in ("harassment", "payment"):
            form.deal(item, _counts(printed)[::-1], lambda one: 1.3 * one.grievance)
        elif item in EXPERIENCES:
            yes = printed[0]
            counts = (("1", yes.count), ("2", yes.base - yes.count))
            form.deal(item, counts, EXPERIENCES[item])
        else:
            direct, online, both = _counts(printed)
            form.deal(item, (online, both, direct), lambda one: 1.2 * one.skill)


def _interest(printed: Figure, chance: Chance) -> Counts:
    very = int(printed.count * chance.uniform(0.60, 0.78) + 0.5)
    return (("1", very), ("2", printed.count - very), ("3", printed.base - printed.count))


def _channel(form: _Form, printed: Sequence[Figure]) -> None:
    ticks = [(code, count) for code, count in _counts(printed) if count]
    shares = apportioned(printed[0].base, [float(count) for _, count in ticks])
    first = [(code, share) for (code, _), share in zip(ticks, shares, strict=True)]
    form.deal_ticks("channel", sorted(first, key=lambda pair: pair[1]), ticks, CHANNELS)


def _readiness(form: _Form, printed: Sequence[Figure], cannot: Sequence[str]) -> None:
    counts = dict(_counts(printed))
    alone = {code: counts.pop(code) for code in cannot}
    left = printed[0].base - sum(alone.values())
    shares = apportioned(left, [float(count) for count in counts.values()])
    first = dict(zip(counts, shares, strict=True))
    willing = sorted(first.items(), reverse=True)
    unwilling = sorted(alone.items(), reverse=True)
    scores: dict[str, Score] = dict.fromkeys(first, lambda person: 0.8 * person.engagement)
    scores |= dict.fromkeys(alone, lambda person: -0.8 * person.engagement)
    form.deal_ticks("readiness", unwilling + willing, sorted(counts.items()), scores)


def _satisfaction(form: _Form, criteria: Sequence[CriterionCounts]) -> None:
    code = criteria[0].item.partition("_")[0].upper()
    for person in form.answering:
        own = 0.45 * form.chance.normal() + person.village.accents[code]
        person.components[code] = person.satisfaction + own
    for one in criteria:
        counts = tuple(zip(LEVELS, one.levels, strict=True))
        form.deal(one.item, counts, lambda person: person.components[code], luck=0.5)


def _wish(person: Person) -> float:
    return 0.5 * person.engagement + 0.4 * person.grievance


def _items(figures: Sequence[Figure]) -> list[str]:
    return list(dict.fromkeys(figure.item for figure in figures))


def _counts(printed: Sequence[Figure]) -> tuple[tuple[str, int], ...]:
    return tuple((figure.codes[0], figure.count) for figure in printed)
