"""Show the section ``Example:`` of a docstring as code: Griffe only looks for ``Examples:``."""

import re
from typing import Any

import griffe


class ExampleSections(griffe.Extension):
    """Renames the section before Griffe parses it."""

    def on_object(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        """Handle a module, class, function or attribute."""
        if obj.docstring is not None:
            text = obj.docstring.value
            obj.docstring.value = re.sub(r"^Example:$", "Examples:", text, flags=re.MULTILINE)
