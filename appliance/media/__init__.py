"""Files people bring: scans, recordings, and what is made of them."""
