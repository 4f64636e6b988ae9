"""What readers are told, and what of it no catalogue says yet: `python -m tests.missing_texts`.

The command prints the texts that each language lacks, as entries to be filled in. With the name of
a language it reads filled ones and puts them where they belong in its catalogue:
`python -m tests.missing_texts km < filled.po`.
"""

import ast
import re
import sys
from dataclasses import dataclass
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

from babel.messages.pofile import escape, read_po
from jinja2 import Environment, nodes

from survey_app.i18n import FOLDER, LANGUAGES, catalogue

ROOT = Path(__file__).parents[1]
APP = ROOT / "survey_app"
TEMPLATES = APP / "templates"
# Names, no words of a language.
NAMES = {"SIPAS", "XLSX", "CSV", "JSON", "sha256", "RR1", "COOP1", "REF1", "CON1"}  # of rates too
JINJA = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
CLASSES = re.compile(r"\{% block body_class %\}\w*\{% endblock %\}")  # of style, not words
REFUSALS = {"Refusal", "NotFound", "Gone", "Stale", "NotAllowed", "Sentence"}
SPOKEN = {"title", "alt", "placeholder", "aria-label", "aria-description"}
# For programmers who connect a device, in the language of record, like the comments of a form.
FOR_MACHINES = {"web/openapi.py", "web/openapi_field.py", "web/schemas.py"}
# Of what these hold, sentences only are told to people; the rest are names, columns and content.
SAYING_SENTENCES = ("services/", "../questionnaires/")


@dataclass(frozen=True)
class Words:
    """The texts of a source file that go through gettext, and those that should.

    `translated` are for the catalogues; `sentences` are what refusals may say, wherever it is
    written down before.
    """

    translated: frozenset[str]
    literal: tuple[str, ...]
    sentences: frozenset[str] = frozenset()


def is_vietnamese(text: str) -> bool:
    """Say whether a text has a letter that English lacks."""
    return any(not sign.isascii() and sign.isalpha() for sign in text)


def is_sentence(text: str) -> bool:
    """Say whether a text is a Vietnamese sentence, as every refusal is one."""
    return is_vietnamese(text) and text[:1].isupper() and text.endswith((".", "?"))


def words_in_code(source: str) -> Words:
    """Texts given to `_` or to a refusal, Vietnamese literals elsewhere, and `_` of no literal.

    What is given to `of_record` stays in the language of record and needs no catalogue.
    """
    tree = ast.parse(source)
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    translated, given, recorded, literal, sentences = set(), set(), set(), [], set()
    for node in ast.walk(tree):
        called = getattr(node.func, "id", "") if isinstance(node, ast.Call) else ""
        if called in REFUSALS | {"_", "of_record"}:
            first = node.args[0] if node.args else None
            if isinstance(first, ast.Constant):
                given.add(id(first))
                kept = recorded if called == "of_record" else translated
                kept.add(first.value)
            elif called not in REFUSALS:
                literal.append(f"line {node.lineno}: {called}() needs a literal")
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in docs
            and is_vietnamese(node.value)
        ):
            sentences |= {node.value} if is_sentence(node.value) else set()
            literal += [node.value] if id(node) not in given else []
    return Words(frozenset(translated), tuple(literal), frozenset(sentences - recorded))


def words_in_template(source: str) -> Words:
    """Texts given to `_`, and words that stand in the HTML or in an expression without it."""
    tree = Environment(autoescape=True, extensions=["jinja2.ext.do"]).parse(source)
    given, translated, literal = set(), set(), []
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name == "_":
            first = call.args[0] if call.args else None
            if isinstance(first, nodes.Const):
                given.add(id(first))
                translated.add(first.value)
            else:
                literal.append(f"line {call.lineno}: _() needs a literal")
    for const in tree.find_all(nodes.Const):
        if isinstance(const.value, str) and id(const) not in given and is_vietnamese(const.value):
            literal.append(const.value)
    literal += words_in_html(JINJA.sub("", CLASSES.sub("", source)))
    return Words(frozenset(translated), tuple(literal))


def words_in_html(text: str) -> list[str]:
    """Words a person sees or hears that stand in the HTML itself."""
    found = []

    class Reader(HTMLParser):
        def handle_data(self, data):
            found.append(data)

        def handle_starttag(self, _tag, attributes):
            found.extend(value or "" for name, value in attributes if name in SPOKEN)

    reader = Reader()
    reader.feed(text)
    reader.close()
    words = (word for part in found for word in re.findall(r"[^\W_]+", part))
    return [word for word in words if not word.isdigit() and word not in NAMES]


@cache
def sources() -> dict[str, Words]:
    """Every file that says something to a reader, and what it says.

    Not here: the command line and the mathematics, which speak to operators and statisticians in
    the language of record, and what stands in files of data.
    """
    pages = {
        path.relative_to(TEMPLATES).as_posix(): words_in_template(path.read_text("utf-8"))
        for path in sorted(TEMPLATES.rglob("*.html"))
    }
    places = ("web", "forms", "exports", "services", "security.py", "worker.py", "errors.py")
    files = [path for place in places for path in _python_in(APP / place)]
    files += [ROOT / "questionnaires" / f"{name}.py" for name in ("answers", "load", "vector")]
    code = {
        (f"../questionnaires/{path.name}" if path.parent.name == "questionnaires"
         else path.relative_to(APP).as_posix()): words_in_code(path.read_text("utf-8"))
        for path in files
    }  # fmt: skip
    return pages | code


def wanted() -> set[str]:
    """Every text that each language must have."""
    found: set[str] = set()
    for name, words in sources().items():
        if name not in FOR_MACHINES:
            found |= words.translated | words.sentences
    return found


def missing(locale: str) -> list[str]:
    """The texts that a language lacks, sorted."""
    return sorted(wanted() - set(catalogue(locale)))


def entry(vi: str, text: str = "") -> str:
    """An entry of a PO file."""
    flag = "#, python-brace-format\n" if re.search(r"\{\w+\}", vi) else ""
    return f'{flag}msgid "{_escaped(vi)}"\nmsgstr "{_escaped(text)}"\n'


def _escaped(text: str) -> str:
    return escape(text)[1:-1]


def insert(locale: str, texts: dict[str, str]) -> None:
    """Put texts into the file of a language, each before the first entry that sorts after it."""
    path = FOLDER / locale / "LC_MESSAGES" / "messages.po"
    head, *blocks = path.read_text("utf-8").rstrip("\n").split("\n\n")
    for vi, text in sorted(texts.items()):
        place = next((n for n, one in enumerate(blocks) if _msgid(one) > vi), len(blocks))
        if not any(_msgid(one) == vi for one in blocks):
            blocks.insert(place, entry(vi, text).rstrip("\n"))
    path.write_text("\n\n".join([head, *blocks]) + "\n", "utf-8")


def _msgid(block: str) -> str:
    """The Vietnamese text of an entry."""
    lines = block.split("msgid ", 1)[1].split("\nmsgstr ", 1)[0].splitlines()
    return "".join(str(ast.literal_eval(line)) for line in lines)


def _python_in(place: Path) -> list[Path]:
    return sorted(place.rglob("*.py")) if place.is_dir() else [place]


def main() -> None:
    """Print what each language lacks, or take in what has been filled."""
    if sys.argv[1:]:
        given = read_po(sys.stdin)
        insert(sys.argv[1], {str(one.id): str(one.string) for one in given if one.id})
        return
    for locale in sorted(set(LANGUAGES) - {"vi"}):
        lacking = missing(locale)
        sys.stdout.write(f"# {locale}: {len(lacking)} missing\n\n")
        sys.stdout.write("\n".join(entry(text) for text in lacking) + "\n")


if __name__ == "__main__":
    main()
