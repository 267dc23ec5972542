"""The files of a new configuration repository, written whole or not at all.

Inside: the files as templates, what stands in their gaps, and the writing. Outside: the defaults that a person or a
machine gives (`cli`), the schemas (`config`, `plan`), and every rule of what is right in a site (`config`).
"""
