"""The honesty bench: simulated studies whose truth is known, and what a tool claims of them."""
