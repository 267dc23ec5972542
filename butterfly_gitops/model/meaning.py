"""Words for people beside a type: the meaning of each value of a choice, and the fix for what a pattern refuses.

Both go into the schemas, under the keywords that VS Code and yaml-language-server show; other readers pass over them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pydantic import GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

VALUE_MEANINGS = "markdownEnumDescriptions"
PATTERN_HINT = "patternErrorMessage"


# Compared by identity, so that a type that carries it can be a member of a union.
class Meanings:
    """The meaning of each value of a `Literal`, by the value as it is written; it stands in its `Annotated`."""

    def __init__(self, values: Mapping[str, str] = MappingProxyType({}), /, **names: str) -> None:
        self.of = {**values, **names}

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        schema = handler(core_schema)
        return {**schema, VALUE_MEANINGS: [self.of[str(value)] for value in schema["enum"]]}


@dataclass(frozen=True, slots=True)
class PatternHint:
    """The hint where the pattern of a text refuses; it stands in the text's `Annotated`."""

    says: str

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {**handler(core_schema), PATTERN_HINT: self.says}
