"""The one pydantic base: strict, frozen, no unknown fields."""

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """What people or other programs write; checked strictly once, never changed after."""

    model_config = ConfigDict(
        strict=True, frozen=True, extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True
    )
