"""planchecker."""
