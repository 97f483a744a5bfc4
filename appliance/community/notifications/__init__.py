"""What people are told of: an inbox each, fed by the event log, and messages outside for those who want them."""
