"""The HTTP API: one door for people's verbs, sources of events and machines that watch.

Here belongs how a request becomes a call and an outcome an answer: routes, access, documents, status codes. Every
decision is made behind it; nothing here picks a store, opens a socket to an EHR or reads a file.
"""
