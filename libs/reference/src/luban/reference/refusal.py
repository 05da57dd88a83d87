"""What the field refuses, and why: one error shape for every rule, in Chinese and English."""


class Refusal(Exception):  # noqa: N818 - a refusal is an answer of the field, not an error of the program
    """A request that a rule turns down; nothing has changed.

    `code` is stable and kebab-case, for programs; `zh` and `en` are for people. Both texts are `str.format`
    templates over `params`, which travel along so that a caller need not read the prose.
    """

    def __init__(self, code: str, /, *, zh: str, en: str, **params: object) -> None:
        self.code = code
        self.params: dict[str, object] = params
        self.zh = zh.format(**params)
        self.en = en.format(**params)
        super().__init__(f"{code}: {self.en}")


class Invalid(Refusal):
    """The input itself breaks a rule of the field."""


class NotFound(Refusal):
    """What is named does not exist, or not for this caller."""


class Forbidden(Refusal):
    """The caller may not do this."""


class Conflict(Refusal):
    """The input is sound, but the state of things does not allow it (any more)."""
