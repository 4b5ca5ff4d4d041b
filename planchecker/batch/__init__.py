"""Many plans at once: find them, check each in a process of its own, keep what was found."""
