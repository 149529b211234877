"""The pure core: no socket, file, clock, randomness, environment or logging can be reached from here (import-linter checks it)."""
