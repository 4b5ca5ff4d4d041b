"""The site file: what a centre decides for itself, with a reason and a name on each decision.

::

    id = "hospital"
    title = "Hospital, spine and bone"
    protocol = "bone_metastases"
    add_guidelines = ["quantec-organs-2010"]

    [[limit]]                       # another value for a published limit
    guideline = "tg101-2010"
    limit = "heart-d15cc/5"
    value = 30
    reason = "..."
    approver = "..."

    [[confirm]]                     # a row compared with its source
    guideline = "tg101-2010"
    row = "renal-hilum"
    read = "publication"
    by = "..."
    date = "..."

    [[own]]                         # a limit of the centre's own: keys of a limit, and who decided
    [[governing]]                   # which guidelines decide for some structures
    [criteria.coverage]
    ptv_d95_percent = { value = 93, reason = "...", approver = "..." }
    [[alias]]
    name = "SpinalCord"
    synonyms = ["Medulla S."]
    [[machine]]
    name = "Linac 1"

Nothing takes effect unsaid: `apply_site` returns every difference from what was published.
"""

import hashlib
from dataclasses import replace
from pathlib import Path

from constraints.errors import LibraryError
from constraints.loader import available, load, load_protocol
from constraints.model import Guideline, Protocol
from constraints.parsing import build, check_keys, only_written, own_id, read_text, unique
from constraints.resources import parse_toml
from constraints.rows import flatten, leaves, table, tables
from constraints.site_changes import apply_site
from constraints.site_model import (
    Change,
    Confirmation,
    CriterionChange,
    GoverningChange,
    LimitChange,
    Machine,
    OwnLimit,
    Site,
    SiteAlias,
)
from constraints.terms import Model
from constraints.vocabulary import Alias, Vocabulary

__all__ = ["SITE_ROWS", "apply_site", "load_site", "site_library", "site_vocabulary"]

SITE_ROWS: dict[str, tuple[str, type[Model]]] = {
    "limit": ("limits", LimitChange),
    "own": ("own_limits", OwnLimit),
    "confirm": ("confirmed", Confirmation),
    "governing": ("governing", GoverningChange),
    "alias": ("aliases", SiteAlias),
    "machine": ("machines", Machine),
}
_PLAIN = ("id", "title", "protocol", "add_guidelines", "drop_guidelines", "criteria")


def load_site(path: str | Path) -> Site:
    """Return the site file at `path`.

    Raises
    ------
    LibraryError
        If the file cannot be read or says something it may not; the message names the file,
        the key and the offending text.
    """
    path = Path(path)
    file = path.name
    text = read_text(path)
    data = parse_toml(text, file=file)
    own_id(data, file=file)
    check_keys(data, allowed=(*_PLAIN, *SITE_ROWS), file=file)
    for key, (field, model) in SITE_ROWS.items():
        rows = tables(data.pop(key, []), file=file, at=key)
        for i, row in enumerate(rows):
            only_written(row, file=file, at=f"{key}[{i}]")
        named = ((f"{key}[{i}]", row) for i, row in enumerate(rows))
        # Only a limit of the centre's own may have one figure per number of fractions.
        flat = flatten(rows, {}, kind=key, file=file) if key == "own" else named
        data[field] = tuple(build(model, row, file=file, at=at) for at, row in flat)
    unique(data["own_limits"], file=file, key="own")
    criteria = table(data.pop("criteria", {}), file=file, at="criteria")
    data["criteria"] = dict(leaves(criteria, file=file, at="criteria"))
    site = build(Site, data, file=file, at="", nested={"criteria": CriterionChange})
    # The digest that `guidelines sign` records.
    digest = hashlib.sha256(text.replace("\r\n", "\n").encode()).hexdigest()
    return site.model_copy(update={"sha256": digest})


def site_library(
    site: Site, protocol: Protocol | None = None
) -> tuple[Protocol, dict[str, Guideline], tuple[Change, ...]]:
    """Return protocol and guidelines of a centre, and what differs from the published ones.

    Parameters
    ----------
    protocol
        The protocol the site file starts from; the packaged one it names by default.

    Raises
    ------
    LibraryError
        If the site file names what the library does not hold.
    """
    known = {id_: load(id_) for id_ in available()}
    return apply_site(protocol or load_protocol(site.protocol), known, site)


def site_vocabulary(vocabulary: Vocabulary, site: Site) -> Vocabulary:
    """Return the vocabulary with the spellings of the centre.

    Raises
    ------
    LibraryError
        If a name is no name of the vocabulary, or a spelling stands for another structure.
    """
    added = []
    for alias in site.aliases:
        if alias.name not in vocabulary:
            raise LibraryError(
                f"{site.id}: alias: {alias.name!r} is not in the vocabulary; use a TG-263 name"
            )
        added += [
            Alias(name=alias.name, synonym=synonym, language="site") for synonym in alias.synonyms
        ]
    try:
        return replace(vocabulary, aliases=(*vocabulary.aliases, *added))
    except LibraryError as error:
        told = str(error).partition(": ")[2]
        raise LibraryError(f"{site.id}: alias: {told}") from error
