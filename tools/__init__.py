"""Programs for those who work on butterfly-gitops; no part of what is installed."""
