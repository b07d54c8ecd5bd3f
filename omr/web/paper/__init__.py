"""The paper's desks: what is printed, handed over, stamped, counted, and the tables that say so."""
