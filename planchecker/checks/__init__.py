"""Every check, grouped by family, in one explicit table."""
