"""The one pydantic base: strict, frozen, no unknown fields."""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """What people or other programs write; checked strictly once, never changed after."""

    model_config = ConfigDict(
        strict=True, frozen=True, extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True
    )

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        # Pydantic copies each default that holds a mapping, for every endpoint anew; what nobody changes needs no copy.
        return self
