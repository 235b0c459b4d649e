"""Third state: one truthful result for the backend."""
