"""One layout for all configuration files, so that a diff shows what changed and never who typed it.

Here belongs what turns the text of one sound file into the same text, laid out. Which files there are, and writing them,
belongs to `bgo fmt`; what the text means, to `load`. Nothing here changes a value, a quote or the words of a comment:
`formatter` reads what it has written and compares.

The layout. Two spaces for each level, lists below their key too. Settings stand in the order of the models (and so of
the reference), those that no model knows after them; entries by name keep the writer's order. Single blank lines stay
where they were put, several become one, and none opens a block. A list of plain values is written `[a, b]` in one line
where that fits into 100 columns, and with a dash for each where not; mappings in braces stay so under the same limit.
Whatever is in brackets with a comment inside keeps its lines. Quotes stay as they were. A `---` or `...` goes, for it says nothing. Files end with one line end, LF as everywhere.

The comments. One at the end of a line starts in column 40, or four spaces behind a longer line. Where the comments of
neighbouring lines stood in one column they do so again, and one that is alone exactly below another goes with it. A block of comments belongs to the key below it and moves with it; indented deeper than that key, it stays
at the end of what stands above it. What stands at the top of the file, down to the last blank line or the editor's
modeline, stays there. What `# bgo: ignore` speaks of keeps its line, so that it silences no more and no less.

A file is left as it is when it has a value of several lines (`|`, `>`), when its top is no mapping, or is in brackets with a comment inside, when one of its keys needs
a `?` to be written, and when its layout would be larger than what is read.
"""
