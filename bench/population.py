"""An invented population of people in communes, from which samples are drawn time and again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from analysis.dataset import Column, Dataset
from analysis.design import DesignColumns
from analysis.weights.margins import Margins
from bench.data import CUTS, FEEDBACK, SCALE

UNITS = 4
STRATA = 2 * UNITS  # urban and rural of every unit
COMMUNES = (240, 480)  # of an urban and of a rural stratum
TAKEN = 15  # communes per stratum, so 30 per unit and 120 in all
COMMUNES_TAKEN = STRATA * TAKEN
PEOPLE = 20  # per commune taken
GAVE_FEEDBACK = 1 / 3
WITH_REPLACEMENT = DesignColumns("stratum", ("psu",), "weight")
TWO_STAGES = DesignColumns("stratum", ("psu", "person"), "weight", ("communes", "people"))
SEX, AGE = "sex", "age"
SHARES = {SEX: (0.5, 0.5), AGE: (0.2, 0.35, 0.3, 0.15)}
EFFECTS = {SEX: (-0.1, 0.1), AGE: (-0.45, -0.15, 0.15, 0.5)}  # of traits on the satisfaction

Bytes = NDArray[np.int8]


@dataclass(frozen=True)
class Population:
    """Everybody, commune by commune: what each would answer, and what is known of each.

    `answers` (people, items) holds -1 for an answer that this person would not give and k for the
    code k + 1; `traits` (people,) number each person's sex and age group. `first` and `size`
    (communes,) say where a commune's people stand, `stratum` (communes,) where it lies; stratum s
    lies in unit s // 2.
    """

    items: tuple[str, ...]
    answers: Bytes
    traits: Mapping[str, Bytes]
    first: NDArray[np.intp]
    size: NDArray[np.intp]
    stratum: NDArray[np.intp]

    @classmethod
    def invented(cls, items: Sequence[str], seed: int) -> "Population":
        """Make it up: satisfaction is that of the unit, the commune, the person and the item."""
        rng = np.random.default_rng(seed)
        stratum = np.repeat(np.arange(STRATA), COMMUNES * UNITS)
        size = np.clip(np.rint(rng.lognormal(4.6, 0.35, len(stratum))), 2 * PEOPLE, 400)
        size = size.astype(np.intp)
        commune = np.repeat(np.arange(len(size)), size)
        people = len(commune)
        level = rng.normal(0, 0.25, STRATA)[stratum] + rng.normal(0, 0.35, len(stratum))
        traits = {
            name: rng.choice(len(shares), people, p=shares).astype(np.int8)
            for name, shares in SHARES.items()
        }
        person = level[commune] + rng.normal(0, 0.8, people)
        for name, codes in traits.items():
            person += np.array(EFFECTS[name])[codes]
        feedback = rng.random(people) < GAVE_FEEDBACK
        answers = np.full((people, len(items)), -1, dtype=np.int8)
        for column, item in enumerate(items):
            latent = person + rng.normal(0, 0.25) + rng.normal(0, 0.8, people)
            # Who is less content answers less often, as in the field.
            given = rng.random(people) < 0.92 + 0.04 * np.tanh(person)
            asked = feedback if item.startswith(FEEDBACK) else True
            answers[:, column] = np.where(asked & given, np.searchsorted(CUTS, latent), -1)
        return cls(tuple(items), answers, traits, np.cumsum(size) - size, size, stratum)

    @cached_property
    def unit_of_person(self) -> NDArray[np.intp]:
        """The unit of every person: (people,)."""
        return np.repeat(self.stratum // 2, self.size)

    @cached_property
    def first_commune(self) -> NDArray[np.intp]:
        """The first commune of each stratum: (strata,)."""
        return np.searchsorted(self.stratum, np.arange(STRATA))

    @cached_property
    def margins(self) -> Margins:
        """How many people there are of each sex, age group and stratum, as a census would say."""
        codes = dict(self.traits) | {"stratum": np.repeat(self.stratum, self.size)}
        found = [
            (name, category + 1, total)
            for name in codes
            for category, total in enumerate(np.bincount(codes[name]).tolist())
        ]
        cells = zip(*found, strict=True)
        return Margins.of(
            Dataset.of(dict(zip(("margin", "category", "total"), cells, strict=True)))
        )

    def rates(self) -> NDArray[np.float64]:
        """The true share of 4 and 5 of every item: (1 + units, items), the whole before the units.

        Among the answers that the people of the whole or of the unit would give, counted here
        without the code under test.
        """
        valid, favourable = self.answers >= 0, self.answers >= 3
        rates = [favourable.sum(axis=0) / valid.sum(axis=0)]
        for unit in range(UNITS):
            inside = self.unit_of_person == unit
            rates.append(favourable[inside].sum(axis=0) / valid[inside].sum(axis=0))
        return np.stack(rates)

    def draw(self, rng: np.random.Generator) -> Dataset:
        """Draw communes in each stratum and people in each commune, simply at random.

        Neither is put back. The weight is (communes / taken) x (people / taken), with one decimal;
        the columns are the unit, those of both designs above, the traits and the items.
        """
        taken = [
            self.first_commune[s] + rng.permutation(COMMUNES[s % 2])[:TAKEN] for s in range(STRATA)
        ]
        commune = np.concatenate(taken)
        size = self.size[commune]
        order = rng.random((len(commune), int(size.max())))
        order[np.arange(order.shape[1]) >= size[:, np.newaxis]] = 2.0  # nobody stands there
        chosen = np.argpartition(order, PEOPLE, axis=1)[:, :PEOPLE]
        person = (self.first[commune][:, np.newaxis] + chosen).ravel()
        in_stratum = np.array(COMMUNES)[self.stratum[commune] % 2]
        stratum = np.repeat(self.stratum[commune], PEOPLE).astype(np.int32)
        psu = np.repeat(np.arange(len(commune)) % TAKEN, PEOPLE).astype(np.int32)
        number = np.tile(np.arange(PEOPLE, dtype=np.int32), len(commune))
        columns = {
            "unit": Column(stratum // 2, _numbered(UNITS)),
            "stratum": Column(stratum, _numbered(STRATA)),
            "psu": Column(psu, _numbered(TAKEN)),
            "person": Column(number, _numbered(PEOPLE)),
            "weight": _of_communes(in_stratum / TAKEN * size / PEOPLE),
            "communes": _of_communes(in_stratum),
            "people": _of_communes(size),
        }
        for name, codes in self.traits.items():
            columns[name] = Column(codes[person].astype(np.int32), _numbered(len(SHARES[name])))
        answers = np.ascontiguousarray(self.answers[person].T, dtype=np.int32)
        columns |= {
            item: Column(codes, SCALE) for item, codes in zip(self.items, answers, strict=True)
        }
        return Dataset("sample", len(person), columns)


def _of_communes(values: NDArray[np.number]) -> Column:
    """A column that says the same of all people drawn in a commune."""
    distinct, code = np.unique(values, return_inverse=True)
    return Column(np.repeat(code, PEOPLE).astype(np.int32), tuple(map(str, distinct.tolist())))


def _numbered(count: int) -> tuple[str, ...]:
    return tuple(str(number + 1) for number in range(count))
