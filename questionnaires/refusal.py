"""One clear sentence about bad input, as a template that every door can translate."""


class Refusal(ValueError):  # noqa: N818 - it is no error of the program
    """Bad input, said in one Vietnamese sentence that names what and where.

    `template` is the message id and `fields` fill it, so a page can translate the template first
    and fill it afterwards; `str()` is the filled Vietnamese sentence.
    """

    def __init__(self, template: str, **fields: object) -> None:
        super().__init__(template.format(**fields))
        self.template = template
        self.fields = fields
