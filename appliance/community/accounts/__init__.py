"""Who is who: people and their roles, signing in, class codes, sessions, tokens."""
