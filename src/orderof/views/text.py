"""The plain text view: aligned, in natural width, without colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orderof.views.layout import lines

if TYPE_CHECKING:
    from orderof.doc import Doc


def render(doc: Doc, *, width: int | None = None, ascii: bool = False) -> str:
    """Write a Doc as text that ends with a line break; without a width nothing is broken."""
    laid_out = lines(doc, width=width, ascii=ascii)
    return "".join("".join(text for text, _ in line).rstrip() + "\n" for line in laid_out)
