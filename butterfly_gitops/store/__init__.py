"""The durable state.

Here belongs the Store: its promises (`interface`), the transactions that keep them (`accepting`, `applying`,
`advancing`, `acting`, `observing`), written once over row access (`rows`), and what keeps the rows (`sqlite`).
What a transaction decides is decided by `delivery`; when it runs is decided by those who call.
"""
