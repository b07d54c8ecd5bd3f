"""What people decide about what the machine doubts."""
