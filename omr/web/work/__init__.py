"""What the server does beside answering: reading stacks, copies, results that are kept."""
