"""Two configurations in, changes with their consequences out.

Here belongs what a change is, what it does to results, which changes wait for a person, and how all of it is
said and stored. Reading files belongs to `config`, the state to `store`, and doing it to `controller`.
"""
