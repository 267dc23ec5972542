"""One file per verb or noun, each with a click command named `command`.

Here belongs what a person types and reads at a terminal: options, the order of output, exit codes. What is decided
comes from the packages below; nothing here is imported by them. `main` names the verbs and loads each on demand.
"""
