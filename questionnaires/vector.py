"""The coded vector: closed answers in one byte each, by the dictionary of the version."""

from collections.abc import Mapping
from dataclasses import dataclass

from questionnaires.model import QuestionnaireVersion
from questionnaires.refusal import Refusal
from questionnaires.rules import Answer

NONE = 0
MOST_OPTIONS = 255  # what a byte can tell apart, beside "no answer"


@dataclass(frozen=True)
class Slot:
    """Where an item stands in the vector.

    A single answer takes one byte, 1 + the position of its option; a multiple choice takes a byte
    per option, 1 where it is ticked. Byte 0 means no answer. `codes` are the options in order.
    """

    item: str
    start: int
    codes: tuple[str, ...]
    multiple: bool

    @property
    def width(self) -> int:
        """Bytes taken."""
        return len(self.codes) if self.multiple else 1


def dictionary(version: QuestionnaireVersion) -> tuple[Slot, ...]:
    """The slots of a version, in the order of the form; numbers and texts have none.

    Raises `Refusal` when an item offers more options than a byte can tell apart.
    """
    slots: list[Slot] = []
    start = 0
    for item in version.items:
        if item.kind in ("single", "scale", "multiple"):
            codes = tuple(option.code for option in item.option)
            slot = Slot(item.code, start, codes, item.kind == "multiple")
            if len(codes) > MOST_OPTIONS and not slot.multiple:
                template = "Phiếu {version}, câu {item}: nhiều hơn {limit} phương án."
                raise Refusal(template, version=version.name, item=item.code, limit=MOST_OPTIONS)
            slots.append(slot)
            start += slot.width
    return tuple(slots)


def encode(slots: tuple[Slot, ...], answers: Mapping[str, Answer]) -> bytes:
    """Code validated answers; an item that is not answered leaves zeros."""
    vector = bytearray(sum(slot.width for slot in slots))
    for slot in slots:
        answer = answers.get(slot.item)
        if answer is None:
            continue
        if slot.multiple:
            for code in answer:
                vector[slot.start + slot.codes.index(code)] = 1
        else:
            vector[slot.start] = 1 + slot.codes.index(str(answer))
    return bytes(vector)
