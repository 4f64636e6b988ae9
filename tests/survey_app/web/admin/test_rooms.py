"""What rooms hand over is a file under a name."""

from survey_app.web.admin.rooms import CSV, attached


def test_a_file_is_kept_under_its_name():
    answer = attached("a;b", CSV, "dot-1.csv")

    assert answer.data == b"a;b"
    assert answer.content_type == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == "attachment; filename=dot-1.csv"
