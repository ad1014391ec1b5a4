"""Broadsheet: the self-hosted daily paper for research papers."""
