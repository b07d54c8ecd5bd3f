"""The desks where people decide: answers, screens of boxes, cases, comments."""
