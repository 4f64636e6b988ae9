"""Small questionnaires and indices for the tests; a test names only what matters to it."""

from pathlib import Path
from typing import Any

from questionnaires.load import load_questionnaire
from questionnaires.model import IndexDefinition, QuestionnaireVersion

DATA = Path(__file__).parent / "data"
FIVE = ("1", "2", "3", "4", "5")


def shape(name: str) -> QuestionnaireVersion:
    """The definition of one feature, from `data/`."""
    return load_questionnaire(DATA / f"{name}.toml").definition


def option(code: str, **changes: Any) -> dict[str, Any]:
    """An option on the scale."""
    return {"code": code, "label": f"Mức {code}"} | changes


def dont_know(code: str = "98", **changes: Any) -> dict[str, Any]:
    """An option outside the scale."""
    return {"code": code, "label": "Không biết", "outside": "dont_know"} | changes


def item(code: str = "q1", kind: str = "scale", **changes: Any) -> dict[str, Any]:
    """A question; one that offers options offers five."""
    fields: dict[str, Any] = {"code": code, "kind": kind, "text": f"Câu {code}?"}
    if kind in ("single", "multiple", "scale"):
        fields["option"] = [option(code) for code in FIVE]
    return fields | changes


def version(*items: dict[str, Any], **changes: Any) -> QuestionnaireVersion:
    """A questionnaire with one section."""
    fields = {
        "code": "thu",
        "version": "1",
        "title": "Phiếu thử",
        "legal_basis": "Không",
        "source": "Phép thử",
        "section": [section("A", *items or (item(),))],
    }
    return QuestionnaireVersion.model_validate(fields | changes)


def section(code: str, *items: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A section of a questionnaire."""
    return {"code": code, "title": f"Phần {code}", "item": items} | changes


def leaf(code: str, **changes: Any) -> dict[str, Any]:
    """A favourable-share leaf reading the item of its own name; None takes a field away."""
    fields = {"code": code, "item": code, "measure": "favourable_share"} | changes
    return {name: value for name, value in fields.items() if value is not None}


def node(code: str, *children: str, **changes: Any) -> dict[str, Any]:
    """A plain mean over children."""
    return {"code": code, "rollup": "mean", "children": children} | changes


def index(*parts: dict[str, Any], **changes: Any) -> IndexDefinition:
    """An index, sound or not; its root is the first part."""
    fields = {
        "code": "chi-so-thu",
        "root": parts[0]["code"],
        "favourable": ("4", "5"),
        "scale": FIVE,
        "node": [part for part in parts if "children" in part],
        "leaf": [part for part in parts if "children" not in part],
    }
    return IndexDefinition.model_validate(fields | changes)
