"""The decisions about one result.

Here belongs every decision about deliveries: who gets an event, what supersedes what, what a reply means,
what an attempt's outcome leads to, what a person may do. Rows come in, rows go out; whoever calls brings
the time, the jitter and the ids, and writes what comes back. Nothing here does.
"""
