"""Views render a Doc and decide nothing: units, digits, glyphs and widths live here."""
