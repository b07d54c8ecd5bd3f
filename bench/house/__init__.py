"""The code itself: whether its tests notice a change, and how much of it there is."""
