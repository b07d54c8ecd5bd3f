"""Pages and serials that a person has to settle."""
