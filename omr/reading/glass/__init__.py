"""The scanner's glass: streaks of dirt on a page, and the daily self-test."""
