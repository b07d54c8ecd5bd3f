"""Other people's papers with real ink: what is silently wrong and what is asked, set by set."""
