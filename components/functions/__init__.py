"""The Lambda functions: their catalogue, their archives, the fleet that deploys them."""
