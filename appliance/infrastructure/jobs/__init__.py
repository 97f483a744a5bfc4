"""Long-running work is done in jobs. A job is a row of appliance.db with its progress; a queue carries only its id."""
