"""The state machines: their definitions, the renderer, and the component that deploys them."""
