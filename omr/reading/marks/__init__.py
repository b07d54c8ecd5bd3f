"""Numbers become answers: what each box is, or why a person is asked."""
