"""What people of one site do together: accounts, rooms, notes, notifications."""
