"""Divisions of a document that are not scripture, such as its introduction. The importers skip their content."""

from collections.abc import Mapping

_KINDS = {"front", "introduction", "glossary", "back", "concordance", "index", "gazetteer", "map"}


class Apparatus:
    """Counts the open divisions that are not scripture. They can be elements or milestones. `depth` is their number."""

    def __init__(self) -> None:
        self.depth = 0
        # For each open division, whether it is apparatus (not scripture). Only elements are listed, not milestones.
        self._divisions: list[bool] = []

    def enter(self, attributes: Mapping[str, str]) -> bool:
        """Process the start of a division, or a milestone that ends a division. Return True if it is apparatus."""
        kind = attributes.get("type", "")
        is_apparatus = kind in _KINDS
        if "eID" in attributes:
            self.depth -= is_apparatus and self.depth > 0
        else:
            if kind == "book":
                self.depth = 0
            self.depth += is_apparatus
            if "sID" not in attributes:
                self._divisions.append(is_apparatus)
        return is_apparatus

    def leave(self) -> None:
        """Process the end of the innermost division that is an element."""
        if self._divisions and self._divisions.pop():
            self.depth -= 1
