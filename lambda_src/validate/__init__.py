"""First state: what each asset really is."""
