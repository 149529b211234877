"""The edges: each talks to one outside thing, wraps one library, and never imports another edge."""
