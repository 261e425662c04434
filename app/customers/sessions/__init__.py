"""Login sessions: the cookie in the browser, the row behind it, and re-authentication."""
