"""Long-running work is done in jobs. A job is a row of appliance.db that has its progress; a queue has only the job's id."""
