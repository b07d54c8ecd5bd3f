"""Coming in: sign in, sign out, who may open what, the accounts desk."""
