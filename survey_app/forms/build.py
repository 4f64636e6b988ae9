"""From the questions of a page to a form; what is a good answer is said by the one validator."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from flask_wtf import FlaskForm
from wtforms import Field, HiddenField, RadioField, SelectMultipleField, StringField
from wtforms.fields import SelectChoice
from wtforms.validators import ValidationError

from questionnaires.answers import clean_answer
from questionnaires.model import Category, Item
from questionnaires.refusal import Refusal
from questionnaires.rules import Answer
from questionnaires.text import tidy
from questionnaires.translation import Translation
from survey_app.i18n import _

PREFIX: Final = "q-"  # keeps the code of an item apart from the names a form has of its own
LONG_TEXT: Final = 100  # a text of more characters takes a box of several lines
Say = Callable[[str], str]


@dataclass(frozen=True)
class Question:
    """What a template needs to show one item; `field` is None for a note."""

    item: Item
    number: int | None
    field: Any
    text: str
    options: tuple[tuple[Category, str], ...]

    @property
    def inside(self) -> tuple[tuple[Category, str], ...]:
        """The options on the scale, with their words."""
        return tuple((option, label) for option, label in self.options if option.outside is None)

    @property
    def outside(self) -> tuple[tuple[Category, str], ...]:
        """The options outside the scale, which stand apart."""
        return tuple((option, label) for option, label in self.options if option.outside)

    @property
    def name(self) -> str:
        """The name of the field, and the anchor of the question."""
        return name_of(self.item)

    @property
    def first_id(self) -> str:
        """Where a link to the question leads: its box, or its first option."""
        if self.item.option and self.item.kind != "number":
            return self.option_id(self.item.option[0])
        return f"{self.name}-box"

    def option_id(self, option: Category) -> str:
        """The id of one option."""
        return f"{self.name}-{option.code}"

    @property
    def typed(self) -> str:
        """What stands in the box: nothing while one of the options beside it is chosen."""
        data = self.field.data or ""
        return "" if data in {option.code for option in self.item.option} else str(data)

    @property
    def hint(self) -> str:
        """What may be typed."""
        if self.item.kind == "text" and self.item.max_length:
            return _("Nhiều nhất {limit} ký tự.", limit=self.item.max_length)
        return ""

    @property
    def is_long(self) -> bool:
        """Say whether a text takes several lines."""
        return self.item.kind == "text" and (self.item.max_length or LONG_TEXT + 1) > LONG_TEXT


class FirstGiven(StringField):  # type: ignore[misc]
    """A text, or one of the options beside it under the same name: the text wins."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take the first value that is not empty, as it will be kept."""
        self.data = next((text for text in map(tidy, valuelist) if text.strip()), "")


def saying(translation: Translation | None) -> Say:
    """Texts of a questionnaire in another language, in Vietnamese where they are missing."""
    if translation is None:
        return str
    texts = translation.texts
    return lambda text: texts[text].text if text in texts else text


def name_of(item: Item) -> str:
    """The name of an item's field, which is also the anchor of its question."""
    return PREFIX + item.code


def form_class(items: Iterable[Item], numbers: Mapping[str, int], say: Say) -> type[Any]:
    """A form for the items of one page, with the revision the page was shown with.

    `say` translates a text of the questionnaire.
    """
    fields: dict[str, Any] = {"revision": HiddenField()}
    for item in items:
        if item.kind != "note":
            check = _validator(item, numbers[item.code], say)
            fields[name_of(item)] = _field(item, check)
    made: type[Any] = type("PageForm", (FlaskForm,), fields)
    return made


def initial(items: Iterable[Item], answers: Mapping[str, Answer]) -> dict[str, Any]:
    """What a form shows before anything is typed: the answers saved so far."""
    return {name_of(item): answers[item.code] for item in items if item.code in answers}


def questions(
    form: Any, items: Iterable[Item], numbers: Mapping[str, int], say: Say
) -> tuple[Question, ...]:
    """The items of a page in the person's language, each with its field."""
    return tuple(
        Question(
            item=item,
            number=numbers.get(item.code),
            field=None if item.kind == "note" else form[name_of(item)],
            text=say(item.text),
            options=tuple((option, say(option.label)) for option in item.option),
        )
        for item in items
    )


def given_answers(form: Any, items: Iterable[Item]) -> dict[str, Answer | None]:
    """The answers of a form in their canonical shape, None where left empty; wrong ones absent."""
    found: dict[str, Answer | None] = {}
    for item in items:
        if item.kind == "note":
            continue
        try:
            found[item.code] = clean_answer(item, form[name_of(item)].data)
        except Refusal:
            continue
    return found


def revision_of(form: Any) -> int:
    """The revision the page was shown with; -1, older than any, when it was edited away."""
    value = form.revision.data or ""
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else -1


def _field(item: Item, check: Callable[[Any, Any], None]) -> Field:
    choices = [SelectChoice(option.code, option.label) for option in item.option]
    if item.kind == "multiple":
        return SelectMultipleField(choices=choices, validators=[check], validate_choice=False)
    if item.kind in ("single", "scale"):
        return RadioField(choices=choices, validators=[check], validate_choice=False)
    return FirstGiven(validators=[check])


def _validator(item: Item, number: int, say: Say) -> Callable[[Any, Any], None]:
    def check(_form: Any, field: Any) -> None:
        try:
            clean_answer(item, field.data)
        except Refusal as refusal:
            raise ValidationError(message(item, number, refusal, say)) from refusal

    return check


def message(item: Item, number: int, refusal: Refusal, say: Say) -> str:
    """What is wrong with an answer, in a sentence that names the question by its number."""
    fields = dict(refusal.fields) | {"number": number}
    if "label" in fields:
        fields["label"] = say(str(fields["label"]))
    match refusal.fields.get("problem"):
        case "required" if item.option and item.kind != "number":
            return _("Vui lòng chọn một câu trả lời cho câu {number}.", **fields)
        case "required":
            return _("Vui lòng trả lời câu {number}.", **fields)
        case "exclusive":
            return _("Câu {number}: «{label}» không chọn cùng phương án khác.", **fields)
        case "too_long":
            return _("Câu {number}: vui lòng viết không quá {limit} ký tự.", **fields)
        case "bad_character":
            return _("Câu {number}: có ký tự không dùng được, vui lòng viết lại.", **fields)
        case "not_number":
            return _("Câu {number}: vui lòng nhập một số.", **fields)
        case "too_small":
            return _("Câu {number}: vui lòng nhập số từ {bound} trở lên.", **fields)
        case "too_large":
            return _("Câu {number}: vui lòng nhập số không quá {bound}.", **fields)
        case _:
            return _("Câu {number}: vui lòng chọn trong các phương án có sẵn.", **fields)
