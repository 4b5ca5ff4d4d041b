"""Time and error of this engine beside those of others, on the same data in the same run."""

__all__: list[str] = []
