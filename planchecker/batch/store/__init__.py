"""What a batch found, in one SQLite file: one writer, any number of readers."""
