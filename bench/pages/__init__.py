"""docs/{performance,cost,scale}.md and their charts, made from the benchmarks' results."""
