"""The TOQ media service: HTTP API, database and reconciler of the pipeline's other side."""
