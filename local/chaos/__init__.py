"""Faults on purpose: what the fault suite and the soak break, and how they see what came of it."""
