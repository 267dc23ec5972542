"""Reads where a secret is kept, and never repeats what is written there instead: it may be the secret itself."""

from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from butterfly_gitops.config import secrets_by_value
from butterfly_gitops.config.context import FAILED, Context, scalar_for
from butterfly_gitops.config.tree import Node, Scalar
from butterfly_gitops.model.meaning import PATTERN_HINT


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceReader:
    """Reads the name of an environment variable, or a path."""

    adapter: TypeAdapter[Any]
    wants: str = "where the secret is kept"

    def read(self, node: Node, at: Scalar, context: Context) -> Any:
        """Return the text, or FAILED after its problem was noted."""
        scalar = scalar_for(node, at, self.wants, context)
        if scalar is None:
            return FAILED
        try:
            return self.adapter.validate_python(scalar.text)
        except ValidationError:
            hint = str(self.adapter.json_schema()[PATTERN_HINT])
            context.problems.append(secrets_by_value.refused_reference(scalar, name=at.text, hint=hint))
            return FAILED
