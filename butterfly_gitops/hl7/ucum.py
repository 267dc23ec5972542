"""The symbols of UCUM (Unified Code for Units of Measure, case sensitive) in which ultrasound measures.

A unit is named as one of UCUM only if it is one letter for letter: what a source writes otherwise (bpm, mmHg, ml/min)
is no symbol of UCUM, or another one, and nobody may guess.
"""

CODING_SYSTEM = "UCUM"
SYMBOLS = frozenset(
    {
        *("1", "%", "deg", "dB", "{count}", "{ratio}", "{score}"),
        *("um", "mm", "cm", "dm", "m", "mm2", "cm2", "m2", "mm3", "cm3"),
        *("uL", "mL", "dL", "L", "ug", "mg", "g", "kg"),
        *("ms", "s", "min", "h", "d", "wk", "mo", "a", "/min", "{beats}/min", "Hz", "kHz", "MHz"),
        *("mm/s", "cm/s", "m/s", "cm/s2", "m/s2", "mL/s", "mL/min", "L/min"),
        *("mm[Hg]", "cm[H2O]", "kPa", "mm[Hg]/s"),
        *("mL/m2", "g/m2", "mm/m2", "cm/m2", "cm2/m2", "L/min/m2", "mm/m", "cm/m"),
    }
)


def as_ce(unit: str) -> str:
    """OBX-6 (CE) of a unit that is escaped already: with its coding system where it is a symbol of UCUM."""
    return f"{unit}^^{CODING_SYSTEM}" if unit in SYMBOLS else unit
