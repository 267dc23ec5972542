"""What the YAML parser complains of, in our words: what is wrong and how to fix it, by what its own words hold.

The words are those of the parser in Python, which decides. None of them is shown: they speak of tokens.
"""

LOOK = "look at the indentation, the quotes and the brackets of this line and the one above"
_QUOTE = "put quotes around the value"

# Of several that fit, the first is meant.
_IN_OUR_WORDS = {
    "mapping values are not allowed": (
        "a second colon in one line, or an indentation that does not fit",
        'indent it like the line above, or put quotes around a value that holds ": "',
    ),
    "sequence entries are not allowed": (
        "a dash behind a name",
        "write each item in a line of its own, or the list in brackets",
    ),
    "mapping keys are not allowed": ("a question mark that begins a key", "put quotes around the value"),
    "expected ',' or ']'": ("a list that is not closed", "close the bracket, or write the missing comma"),
    "expected ',' or '}'": ("a mapping that is not closed", "close the brace, or write the missing comma"),
    "cannot start any token": ("no value may start with this character", _QUOTE),
    "unexpected end of stream": ("a quote that is not closed", "close the quote"),
    "unexpected document separator": ("a quote that is not closed before ---", "close the quote"),
    "unexpected ':'": (
        "a colon within brackets without a space behind it",
        "write a space behind the colon, or put quotes around the value",
    ),
    "<block end>, but found '-'": (
        "a dash before what is no item of a list",
        "take the dash out, or indent the items of a list alike",
    ),
    "<block end>, but found '<block": (
        "an indentation that fits no line above",
        "indent it like the line above, or like the name that it belongs beside",
    ),
    "<block end>, but found ','": (
        "a comma behind the end of a value",
        "put one pair of brackets around the whole list, or quotes around the whole text",
    ),
    "but found ']'": ("a bracket that nothing opens", "take the ] out"),
    "but found '}'": ("a brace that nothing opens", "take the } out"),
    "<block end>": ("text behind the end of a value", "put quotes around the whole value"),
    "node content, but found ','": ("a comma with nothing before it", "take the comma out"),
    "node content, but found '-'": (
        "a dash within brackets",
        "take the dash out; within brackets, commas stand between the items",
    ),
    "node content, but found '?'": ("a question mark that begins a key", "take the question mark out"),
    "node content, but found '<stream end>'": ("a bracket that is not closed", "close the bracket"),
    "node content": ("a place where a value is wanted, and none stands", "write the value"),
    "comment or a line break": ("text behind | or >, which begin a value of several lines", _QUOTE),
    "indentation indicator": ("a | or > that begins a value of several lines", "write it in one line"),
    "alphabetic or numeric": ("an & or a * without a name", _QUOTE),
    "expected '!'": ("a ! that begins no tag", _QUOTE),
    "expected '>'": ("a ! that begins no tag", _QUOTE),
    "expected URI": ("a ! that begins no tag", _QUOTE),
    "expected ' '": ("a ! that begins no tag", _QUOTE),
    "tag handle": ("a ! that begins no tag", _QUOTE),
    "<document start>": ("text behind the end of the content", "take it out, or put it within the braces"),
    "document end marker": ("text behind the end of the content", "take it out"),
    "expected ':'": ("a line without a colon", LOOK),
}


def in_our_words(theirs: str) -> tuple[str, str]:
    """What is wrong, and how to fix it."""
    fitting = (ours for known, ours in _IN_OUR_WORDS.items() if known in theirs)
    return next(fitting, ("it does not fit here", LOOK))
