"""Units of administration as a dated tree."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from survey_app.db import Base


class Unit(Base):
    """Cơ quan, đơn vị: one body of the administration while it existed.

    Viet Nam went from 63 provinces and three tiers to 34 and two on 1 July 2025: a reform is new
    rows with a `predecessor_id`, and the old ones get a `valid_to`.
    """

    __tablename__ = "unit"
    __table_args__ = (
        UniqueConstraint("code", "valid_from"),
        CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name="valid_to_after_from"),
        CheckConstraint("parent_id IS NULL OR parent_id <> id", name="parent_not_itself"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(index=True)
    name: Mapped[str]
    level: Mapped[str]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    predecessor_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
