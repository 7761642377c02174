"""A section of the parameters: frozen, typed, and strict about what it does not know."""

from __future__ import annotations

import difflib
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ganflow.errors import ConfigurationError

PositiveInt = Annotated[int, Field(gt=0)]
PositiveFloat = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NonNegativeFloat = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Seed = Annotated[int, Field(ge=0, lt=2**31)]
Fraction = Annotated[float, Field(ge=0, lt=1)]


class Section(BaseModel):
    """Base of all sections: immutable, strict about unknown keys, with errors that a person can act on.

    Defaults stand in `conf/base`, and nowhere else. Only what is null there, such as a gradient penalty, and the rows of a table have
    defaults in their class.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    @classmethod
    def model_validate(cls, obj: Any, **options: Any) -> Self:
        """Build the section from plain values.

        Raises:
            ConfigurationError: naming every wrong key, what it was given, what was expected and, for unknown keys, the nearest known.
        """
        try:
            return super().model_validate(obj, **options)
        except ValidationError as error:
            raise ConfigurationError("; ".join(_explain(cls, detail) for detail in error.errors())) from None


def _explain(section: type[Section], detail: Any) -> str:
    """One sentence for one pydantic error: where, what was got, what was expected."""
    where = ".".join([section.__name__, *map(str, detail["loc"])])
    if detail["type"] == "extra_forbidden":
        known = _fields_at(section, detail["loc"][:-1])
        nearest = difflib.get_close_matches(str(detail["loc"][-1]), known, n=1)
        hint = f" Did you mean '{nearest[0]}'?" if nearest else ""
        return f"{where} is not a known parameter.{hint} Known here: {', '.join(known)}"
    if detail["type"] == "missing":
        return f"{where} is missing; give it a value in conf/"
    return f"{where}: {detail['msg']} (got {detail['input']!r})"


def _fields_at(section: Any, location: tuple[int | str, ...]) -> list[str]:
    """Names of the fields of the section that `location` leads to, looking through containers and unions."""
    for key in location:
        if isinstance(key, str) and key in section.model_fields:
            section = _section_in(section.model_fields[key].annotation) or section
    return sorted(section.model_fields)


def _section_in(annotation: Any) -> type[Section] | None:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    return next((found for part in getattr(annotation, "__args__", ()) if (found := _section_in(part))), None)
