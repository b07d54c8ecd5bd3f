"""The desks where people decide: answers, screens of boxes, comments, and what they learn and undo."""
