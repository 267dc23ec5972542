"""The controller, which turns what git wants into what runs.

Here belongs one pass over desired, applied and reported (`reconcile`), when it is made (`loop`), what people ask of it
(`configuring`), and how its outcome is told (`conditions`). What a change is and does is decided by `plan`; what runs is
started by `dispatcher`; both are only joined by `wiring`.
"""
