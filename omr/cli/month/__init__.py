"""Commands about a month: answers, decisions, figures, reports."""
