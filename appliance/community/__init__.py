"""What people of one house do together: accounts, rooms, notes, notifications."""
