"""Sources of configuration: a folder, a git branch.

Here belongs what fetches the bytes of the sites folder and names their revision. What the bytes mean belongs to
`config`; when to fetch, and what to do when a source is away, to `controller`.
"""
