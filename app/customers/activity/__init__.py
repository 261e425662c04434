"""The account activity log: logins and security-relevant changes, with their reasons."""
