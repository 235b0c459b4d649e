"""Offline preview: what a stack would have, and what changes against another commit."""
