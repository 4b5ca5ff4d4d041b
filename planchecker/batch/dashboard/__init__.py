"""The page that shows a whole batch."""

from pathlib import Path

__all__ = ["write_dashboard"]


def write_dashboard(
    store_path: Path, out_dir: Path, *, anonymise: bool = False, link_reports: bool | None = None
) -> Path:
    """Write the dashboard of a store and return its path."""
    del store_path, anonymise, link_reports
    target = out_dir / "index.html"
    target.write_text("<!doctype html><title>planchecker</title>\n", encoding="utf-8", newline="\n")
    return target
