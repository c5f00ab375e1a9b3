"""Types and rules of accounts, credentials, sessions, API keys and purchases. No I/O."""
