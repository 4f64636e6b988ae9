"""Several versions of a questionnaire as one: everything that was asked in any of them."""

from collections.abc import Iterator, Sequence

from questionnaires.model import Category, Item, QuestionnaireVersion, Section


def merged(versions: Sequence[QuestionnaireVersion]) -> QuestionnaireVersion:
    """One version that holds every item and option of compatible `versions`, the newest last.

    Words and order are those of the newest. What it no longer has stands at the end: options after
    those on the scale, items after those of their section. It is for tables over answers to all of
    them and is never asked: rules of routing are those of the newest alone.
    """
    *older, whole = versions
    for version in reversed(older):
        whole = _joined(whole, version)
    return whole


def _joined(new: QuestionnaireVersion, old: QuestionnaireVersion) -> QuestionnaireVersion:
    before = {item.code: item for item in old.items}
    known = {item.code for item in new.items}
    gone = {
        section.code: tuple(item for item in section.item if item.code not in known)
        for section in old.section
    }
    sections = [
        _with_items(
            section,
            *(_with_options(item, before.get(item.code)) for item in section.item),
            *gone.pop(section.code, ()),
        )
        for section in new.section
    ]
    left = (section for section in old.section if gone.get(section.code))
    sections += [_with_items(section, *gone[section.code]) for section in left]
    return new.model_copy(update={"section": tuple(sections)})


def _with_items(section: Section, *items: Item) -> Section:
    return section.model_copy(update={"item": items})


def _with_options(item: Item, old: Item | None) -> Item:
    if old is None:
        return item
    options = sorted(_options(item, old), key=lambda option: option.outside is not None)
    return item.model_copy(update={"option": tuple(options)})


def _options(item: Item, old: Item) -> Iterator[Category]:
    """The options of both; what could once be ticked with another one still may have been."""
    before = {option.code: option for option in old.option}
    for option in item.option:
        alone = option.exclusive and before.get(option.code, option).exclusive
        yield option.model_copy(update={"exclusive": alone})
    codes = {option.code for option in item.option}
    yield from (option for option in old.option if option.code not in codes)
