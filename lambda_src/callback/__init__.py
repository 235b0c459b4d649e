"""Last state: tell the backend, signed."""
