"""Pages of the documentation that are drawn from the program: diagrams, tables, payloads."""
