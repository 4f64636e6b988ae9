"""What everybody may open: whether the service is well, and who can use it with ease."""

from flask import Blueprint, Response, current_app, jsonify, redirect, render_template
from werkzeug.wrappers import Response as AnyResponse

from survey_app.i18n import LANGUAGES
from survey_app.security import public
from survey_app.services.operation.health import check_database

bp = Blueprint("public", __name__)


@bp.get("/healthz")
@public
def health() -> Response:
    """Say that the service is well; fails when the database does not answer."""
    with current_app.extensions["database"].reading() as session:
        check_database(session)
    return jsonify(status="ok")


@bp.get("/")
@public
def front() -> AnyResponse:
    """Lead to the administrators' door; citizens come by the address on their counter."""
    return redirect("/admin/")


@bp.get("/accessibility")
@public
def accessibility() -> str:
    """The accessibility statement: which standard, how it was tested, what is missing."""
    complaints = current_app.extensions["config"].complaints
    return render_template("accessibility.html", languages=LANGUAGES, complaints=complaints)
