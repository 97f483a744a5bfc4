"""One order from everything that is known of a query and a verse, learned from topics that people voted on."""
