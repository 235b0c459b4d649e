"""What a listing costs: usage (counted and measured), prices (a dated file), their product."""
