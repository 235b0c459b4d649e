"""Where the pipeline gets narrow first, and what a backlog does: quotas, demand, a simulation."""
