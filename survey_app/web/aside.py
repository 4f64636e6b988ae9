"""What stands beside the questions: which agency the dossier lay with, and leaving the form."""

from collections.abc import Iterable

from flask import Blueprint, redirect, request

from survey_app.days import day_of
from survey_app.i18n import _, current_locale
from survey_app.security import ReadyPage, public
from survey_app.services.door.drafts import drop_draft, save_context
from survey_app.services.door.paradata import ABOUT
from survey_app.services.plan.waves import fields_of_work
from survey_app.services.tables.sorting import vietnamese
from survey_app.web.keepsakes import address, forget, home, posted_id, signed_id
from survey_app.web.visits import Doorway, Keeper, Visit, lost, reading, writing

FROM_REVIEW = "review"
Choices = list[tuple[str, str]]


class Aside(Doorway):
    """The pages of one door's forms that ask nothing of the questionnaire."""

    def __init__(self, blueprint: Blueprint, rule: str, keeper: Keeper) -> None:
        """Add the pages below `rule`, the address of a form within its door."""
        super().__init__(keeper)
        add = blueprint.add_url_rule
        add(f"{rule}/about", "about", self.about)
        add(f"{rule}/about", "choose", self.choose, methods=["POST"])
        add(f"{rule}/leave", "leave", self.leave)
        add(f"{rule}/leave", "drop", self.drop, methods=["POST"])
        add(f"{rule}/goodbye", "goodbye", self.goodbye)

    @public
    def about(self, **where: str) -> ReadyPage:
        """At a one-stop centre: which agency resolved the dossier, and in which field."""
        with reading() as session:
            visit = self.visit(session, where)
            fields = in_order(fields_of_work(session, day_of(visit.now)))
        if visit.draft is None:
            return lost(visit)
        if not visit.agencies:
            return redirect(visit.newest, 303)
        return self._about(visit, fields, visit.context)

    @public
    def choose(self, **where: str) -> ReadyPage:
        """Keep the agency and the field, and go on to the questions."""
        with writing() as session:
            visit = self.visit(session, where)
            if visit.draft is None or visit.draft.response_id != posted_id():
                return lost(visit)
            if not visit.agencies:
                return redirect(visit.newest, 303)
            fields = in_order(fields_of_work(session, day_of(visit.now)))
            given = {name: request.form.get(name, "") for name in ("unit", "field")}
            if request.form.get("go") == "leave":
                return redirect(address(".leave", where), 303)
            if request.form.get("go") == "back":
                return redirect(home(where), 303)
            if given["unit"] not in dict(visit.agencies):
                return self._about(visit, fields, given, _("Vui lòng chọn một cơ quan."))
            changes: dict[str, str | None] = {"unit": given["unit"]}
            if visit.door.field is None:
                changes["field"] = given["field"] if given["field"] in dict(fields) else None
            save_context(visit.draft, changes, visit.now, visit.measured(ABOUT))
        return redirect(visit.newest, 303)

    @public
    def leave(self, **where: str) -> ReadyPage:
        """Ask whether a form is to be given up and what was filled in deleted."""
        with reading() as session:
            visit = self.visit(session, where)
        if visit.draft is None:
            return lost(visit)
        form_id = signed_id(visit.draft.response_id)
        return self.show(visit, "leave.html", form_id=form_id, newest=visit.newest)

    @public
    def drop(self, **where: str) -> ReadyPage:
        """Delete what was filled in, here and on the device."""
        with writing() as session:
            visit = self.visit(session, where)
            if visit.draft is not None:
                if visit.draft.response_id != posted_id():
                    return redirect(home(where), 303)
                drop_draft(session, visit.draft)
        answer = redirect(address(".goodbye", where, lang=current_locale()), 303)
        forget(answer, where)
        return answer

    @public
    def goodbye(self, **where: str) -> ReadyPage:
        """A kind word to who does not take part, and to who leaves."""
        with reading() as session:
            visit = self.visit(session, where)
        if visit.draft is not None:
            return redirect(address(".leave", where), 303)
        return self.show(visit, "goodbye.html", is_clean=visit.sent is None)

    def _about(
        self, visit: Visit, fields: Choices, given: dict[str, str], error: str = ""
    ) -> ReadyPage:
        *agencies, centre = visit.agencies
        return self.show(
            visit,
            "about.html",
            422 if error else 200,
            agencies=in_order(agencies),
            centre=centre,
            fields=fields if visit.door.field is None else [],
            given=given,
            error=error,
            form_id=signed_id(visit.draft.response_id) if visit.draft else "",
            editing=request.args.get("from") == FROM_REVIEW,
        )


def in_order(choices: Iterable[tuple[str, str]]) -> Choices:
    """Choices (code, name) as a Vietnamese reader looks for their names."""
    return sorted(choices, key=lambda choice: vietnamese(choice[1]))


def dossier_of(visit: Visit, fields: Choices) -> list[tuple[str, str, str]]:
    """What a form says of the dossier before it is sent: label, words, and where to mend them.

    What the link names cannot be mended.
    """
    found = [(*visit.rated, "")] if visit.rated else []
    if not visit.agencies:
        return found
    field = visit.context.get("field")
    unit = dict(visit.agencies).get(visit.context.get("unit", ""), "")
    found.append((_("Cơ quan giải quyết hồ sơ"), unit, "unit"))
    if visit.door.field is None:
        found.append((_("Lĩnh vực"), dict(fields).get(field or "", _("Không rõ")), "field"))
    return found
