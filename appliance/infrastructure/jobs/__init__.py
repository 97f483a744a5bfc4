"""Every long thing is a job: a row of appliance.db that says how far it is; a queue carries only its id."""
