"""The invented citizens: where they live, who they are, and what they are inclined to say."""

from dataclasses import dataclass, field

from survey_app.demo.chance import Chance, standardised
from survey_app.demo.criteria import CRITERIA

DISTRICTS = ("TPST", "MX", "VC")
DISTRICT_MOOD = {"TPST": -0.10, "MX": 0.10, "VC": 0.0}
COMMUNES_IN_STRATUM = {"TPST": 10, "MX": 11, "VC": 10}
URBAN = ("TPST",)
COMMUNES = 3
VILLAGES = 2
WEIGHT = "1500"

RESPONDENT = (("1", 0.94), ("2", 0.06))
SEX = (("1", 0.52), ("2", 0.475), ("3", 0.005))
AGE = (("1", 0.10), ("2", 0.20), ("3", 0.28), ("4", 0.26), ("5", 0.16))
OTHER_ETHNICITY = (("1", 0.94), ("3", 0.055), ("4", 0.005))
EDUCATION = {
    "young": (("1", 0.05), ("2", 0.20), ("3", 0.37), ("4", 0.17), ("5", 0.21)),
    "old": (("1", 0.26), ("2", 0.38), ("3", 0.24), ("4", 0.06), ("5", 0.06)),
}
OCCUPATION = {
    "1": (("1", 0.06), ("2", 0.20), ("3", 0.30), ("4", 0.12), ("5", 0.18), ("6", 0.14)),
    "2": (("1", 0.50), ("2", 0.15), ("3", 0.14), ("4", 0.04), ("5", 0.11), ("6", 0.06)),
}
YOUNG = ("1", "2", "3")
MIDDLE = 3


@dataclass(frozen=True)
class Village:
    """A village of the sample: its labels, and how its people differ from the average.

    `accents` holds a small difference for each component, on top of the common one.
    """

    labels: dict[str, str]
    mood: float
    khmer: float
    accents: dict[str, float]


@dataclass(eq=False)
class Person:
    """A citizen: the columns filled so far, and five inclinations of mean 0."""

    village: Village
    columns: dict[str, str]
    satisfaction: float
    engagement: float
    skill: float
    grievance: float
    reluctance: float
    components: dict[str, float] = field(default_factory=dict)

    @property
    def age(self) -> float:
        """The age band as a number of mean about 0."""
        return int(self.columns["age_band"]) - MIDDLE

    @property
    def rural(self) -> float:
        """1 outside town, 0 in town."""
        return float(self.columns["residence"] == "2")


def settle(people: int, chance: Chance) -> list[Person]:
    """Place the people evenly into the invented villages and give each a character."""
    villages = _villages(chance)
    each, left = divmod(people, len(villages))
    if left:
        raise ValueError(f"{people} người không chia đều được cho {len(villages)} ấp, khóm.")
    places = [village for village in villages for _ in range(each)]
    return [_person(number, place, chance) for number, place in enumerate(places, 1)]


def _villages(chance: Chance) -> list[Village]:
    number = len(DISTRICTS) * COMMUNES * VILLAGES
    moods = standardised([chance.normal() for _ in range(number)])
    villages: list[Village] = []
    for commune in range(len(DISTRICTS) * COMMUNES):
        district = DISTRICTS[commune // COMMUNES]
        in_commune = 5 + chance.below(5)
        for letter in "ABCDEFG"[:VILLAGES]:
            labels = {
                "unit": district,
                "stratum": district,
                "commune": f"X{commune + 1}",
                "village": f"X{commune + 1}-{letter}",
                "communes_in_stratum": str(COMMUNES_IN_STRATUM[district]),
                "villages_in_commune": str(in_commune),
            }
            mood = DISTRICT_MOOD[district] + 0.13 * moods[len(villages)]
            khmer = chance.uniform(0.10, 0.50)
            accents = {code: 0.08 * chance.normal() for code in CRITERIA}
            villages.append(Village(labels, mood, khmer, accents))
    return villages


def _person(number: int, village: Village, chance: Chance) -> Person:
    columns = {"response_id": f"R{number:04}", **village.labels, "weight": WEIGHT}
    columns["respondent"] = chance.pick(RESPONDENT)
    columns["sex"] = chance.pick(SEX)
    columns["age_band"] = chance.pick(AGE)
    khmer = chance.uniform() < village.khmer
    columns["ethnicity"] = "2" if khmer else chance.pick(OTHER_ETHNICITY)
    generation = "young" if columns["age_band"] in YOUNG else "old"
    columns["education"] = chance.pick(EDUCATION[generation])
    columns["residence"] = "1" if columns["unit"] in URBAN else "2"
    columns["occupation"] = chance.pick(OCCUPATION[columns["residence"]])
    order = ("respondent", "sex", "age_band", "ethnicity", "education", "occupation", "residence")
    columns |= {item: columns.pop(item) for item in order}
    age = int(columns["age_band"]) - MIDDLE
    school = int(columns["education"]) - MIDDLE
    satisfaction = village.mood + 0.63 * chance.normal() + 0.05 * age
    return Person(
        village,
        columns,
        satisfaction=satisfaction,
        engagement=0.9 * chance.normal() + 0.2 * school,
        skill=0.7 * chance.normal() - 0.4 * age + 0.4 * school,
        grievance=0.8 * chance.normal() - 0.7 * satisfaction,
        reluctance=chance.normal() - 0.2 * school,
    )
