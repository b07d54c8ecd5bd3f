"""How slips with real ink are made: hands, what people do, paper, scanner."""
