"""The room of codes: one-time codes for receipts of dossiers, made and handed over at once."""

import io
from typing import Final

from flask import current_app, g, request

from questionnaires.refusal import Refusal
from survey_app import clock
from survey_app.exports.code_sheet import CodeList, PrintedCode, write_codes
from survey_app.security import ReadyPage, requires
from survey_app.services.codes.code_orders import (
    MOST,
    CodeRequest,
    SheetOrder,
    code_choices,
    issue_sheet,
)
from survey_app.services.codes.dossier_codes import printed
from survey_app.services.codes.dossier_labels import THRESHOLD
from survey_app.web.admin.door import bp
from survey_app.web.admin.rooms import attached, room_page
from survey_app.web.api_codes import address_of_code

NAME: Final = "ma-ho-so-{wave}-{month}.zip"


@bp.get("/waves/<code>/dossier-codes")
@requires("administrator")
def dossier_codes(code: str) -> str:
    """A form to order codes that are printed on receipts beforehand."""
    return _page(code)


@bp.post("/waves/<code>/dossier-codes")
@requires("administrator")
def print_dossier_codes(code: str) -> ReadyPage:
    """Make codes and hand them over as files; only their hashes stay here."""
    form = request.form
    count = form.get("count", "")
    wanted = CodeRequest(form.get("unit", ""), form.get("field") or None, form.get("month") or None)
    number = int(count) if count.isascii() and count.isdigit() and len(count) < 7 else 0
    try:
        with current_app.extensions["database"].writing() as session:
            order = SheetOrder(code, wanted, number, g.account.id)
            sheet = issue_sheet(session, order, clock.now())
    except Refusal as refusal:
        return _page(code, refusal), 422
    codes = [PrintedCode(printed(one), address_of_code(one) or "") for one in sheet.codes]
    file = io.BytesIO()
    write_codes(CodeList(sheet.unit_name, sheet.field_name, sheet.month, codes), file)
    name = NAME.format(wave=code, month=sheet.month)
    return attached(file.getvalue(), "application/zip", name)


def _page(code: str, refusal: Refusal | None = None) -> str:
    with current_app.extensions["database"].reading() as session:
        choices = code_choices(session, code, clock.now())
    fields = {"wave_code": code, "choices": choices, "least": THRESHOLD, "most": MOST}
    return room_page("quality_codes.html", refusal, **fields)
