"""The one pydantic base: strict, frozen, no unknown fields."""

import ast
import functools
import inspect
import textwrap
from itertools import pairwise
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema


class Frozen(BaseModel):
    """Base of all that people or other programs write: checked strictly once, never changed after."""

    # What a program does not use, it does not build either: most commands need few of all models.
    model_config = ConfigDict(
        strict=True, frozen=True, extra="forbid", hide_input_in_errors=True, defer_build=True
    )

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        # Pydantic copies each default that holds a mapping, for every endpoint anew; what nobody changes needs no copy.
        return self

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler, /
    ) -> JsonSchemaValue:
        schema = handler(core_schema)
        properties = handler.resolve_ref_schema(schema).get("properties", {})
        for name, description in descriptions_of(cls).items():
            written = cls.model_fields[name].alias or name
            if written in properties:
                properties[written].setdefault("description", description)
        return schema


@functools.cache
def descriptions_of(model: type[BaseModel]) -> dict[str, str]:
    """Collect the docstrings below the fields of a model, its bases' too.

    They are read from the source when a schema is made: pydantic would read them each time that a program starts.
    """
    found: dict[str, str] = {}
    for base in reversed(model.__mro__):
        if issubclass(base, BaseModel) and base is not BaseModel:
            found |= _written_in(base)
    return found


def _written_in(model: type[BaseModel]) -> dict[str, str]:
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(model))).body
    assert isinstance(definition, ast.ClassDef)  # noqa: S101 - the source of a class is one
    return {
        field.target.id: inspect.cleandoc(text.value.value)
        for field, text in pairwise(definition.body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }
