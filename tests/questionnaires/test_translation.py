"""A translation is keyed by the Vietnamese text, so that a changed text is a missing one."""

from questionnaires.translation import Translation, mark_of, texts_of
from tests.questionnaires.factories import dont_know, item, option, section, version


def translation(*texts, **changes):
    entries = [{"vi": text, "text": f"{text} (en)"} for text in texts]
    fields = {"questionnaire": "thu/1", "locale": "en", "entry": entries}
    return Translation.model_validate(fields | changes)


def test_every_text_a_respondent_may_read_is_listed_once_in_the_order_of_the_form():
    options = [option("1", label="Có"), option("2", label="Không"), dont_know()]
    questionnaire = version(
        title="Phiếu",
        section=[
            section("A", item("q1", text="Một?", option=options), intro="Lời dẫn"),
            section("B", item("q2", text="Hai?", option=options), item("q3", "note", text="Hết.")),
        ],
    )

    assert texts_of(questionnaire) == (
        *("Phiếu", "Phần A", "Lời dẫn", "Một?", "Có", "Không", "Không biết"),
        *("Phần B", "Hai?", "Hết."),
    )


def test_what_only_staff_read_is_not_translated():
    questionnaire = version(
        item(source="Nguồn câu hỏi"), legal_basis="Căn cứ", source="Nguồn", note="Ghi chú"
    )

    assert not {"Nguồn câu hỏi", "Căn cứ", "Nguồn", "Ghi chú"} & set(texts_of(questionnaire))


def test_a_translation_with_every_text_misses_nothing():
    questionnaire = version()

    complete = translation(*texts_of(questionnaire))

    assert complete.missing_from(questionnaire) == ()
    assert complete.unused_in(questionnaire) == ()


def test_a_changed_vietnamese_text_is_missing_and_the_old_one_unused():
    complete = translation(*texts_of(version(item(text="Cũ?"))))
    changed = version(item(text="Mới?"))

    assert complete.missing_from(changed) == ("Mới?",)
    assert complete.unused_in(changed) == ("Cũ?",)


def test_a_text_is_unreviewed_until_a_reader_has_checked_it():
    entries = [
        {"vi": "Có", "text": "Yes", "reviewed": True},
        {"vi": "Không", "text": "No"},
    ]

    texts = translation(entry=entries).texts

    assert texts["Có"].reviewed is True
    assert texts["Không"].reviewed is False
    assert texts["Không"].text == "No"


def test_marks_given_since_make_a_text_reviewed_and_change_nothing_else():
    written = translation("Có", "Không")
    marked = written.with_marks({mark_of("Có", "Có (en)"), mark_of("Không", "another text")})

    assert [entry.reviewed for entry in marked.entry] == [True, False]
    assert marked.texts["Có"].reviewed
    assert [entry.reviewed for entry in written.entry] == [False, False]
    assert marked.with_marks(()) == marked
