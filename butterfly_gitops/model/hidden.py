"""Characters that nobody sees: spaces that are no plain ones, and signs that steer how others are shown."""

HIDDEN = (
    # Format signs and separators of Unicode (Cf, Zs, Zl, Zp, NEL), less the plain space.
    r"\u0085\u00a0\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890-\u0891\u08e2\u1680\u180e\u2000-\u200f\u2028-\u202f"
    r"\u205f-\u206f\u3000\ufeff\ufff9-\ufffb"
    # Those of other categories that show nothing: joiners, fillers, and what varies the sign before.
    r"\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
)
"""The inside of a pattern's brackets, as each dialect of patterns reads it; what lies beyond U+FFFF is not in it."""
