-- Version 1 of the store. A later version is one more file beside this one, with the statements
-- that turn the version before into it; nothing here is ever edited.

-- One run over one tree.
CREATE TABLE batch (
    id INTEGER PRIMARY KEY,
    root TEXT NOT NULL,
    started_at TEXT NOT NULL,              -- ISO 8601 with offset
    ended_at TEXT,                         -- NULL while it runs, or where it was killed
    state TEXT NOT NULL,                   -- running, complete, interrupted
    engine TEXT NOT NULL,                  -- in-process, pool, dask
    program_version TEXT NOT NULL,
    library_sha256 TEXT NOT NULL,
    protocol TEXT NOT NULL,
    protocol_sha256 TEXT NOT NULL,
    site_sha256 TEXT NOT NULL,
    options TEXT NOT NULL,                 -- JSON of everything that can move a verdict
    found INTEGER,                         -- found = checked + failed + skipped
    checked INTEGER,
    failed INTEGER,
    skipped INTEGER                        -- unchanged since an earlier run of the store
) STRICT;

-- Every case a run found, and what became of it: one row each, so that nothing gets lost.
CREATE TABLE batch_case (
    batch_id INTEGER NOT NULL REFERENCES batch (id) ON DELETE CASCADE,
    key TEXT NOT NULL,                     -- of "case"
    outcome TEXT NOT NULL,                 -- waiting, checked, failed, skipped
    PRIMARY KEY (batch_id, key)
) STRICT;

-- Every file under the tree, whatever it is.
CREATE TABLE file (
    path TEXT PRIMARY KEY,                 -- as given, forward slashes
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    sha256 TEXT NOT NULL,                  -- empty where it could not be read
    state TEXT NOT NULL,                   -- object, copy, foreign, unreadable
    reason TEXT NOT NULL DEFAULT '',       -- why it is no object
    sop_class_uid TEXT NOT NULL DEFAULT '',
    sop_instance_uid TEXT NOT NULL DEFAULT '',
    header TEXT NOT NULL DEFAULT '{}',     -- JSON: what the inventory needs to sort it
    batch_id INTEGER NOT NULL REFERENCES batch (id)
) STRICT;

-- One plan, or one set of objects without a plan. `key` is the same in every run.
CREATE TABLE "case" (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,              -- names its report folder too
    batch_id INTEGER NOT NULL REFERENCES batch (id),
    state TEXT NOT NULL,                   -- checked, failed
    resume_key TEXT NOT NULL,              -- input hashes, library, protocol, site, options, program
    checked_at TEXT NOT NULL,
    duration_s REAL,
    peak_mb REAL,
    status TEXT,                           -- of the report; NULL where it failed
    exit_code INTEGER NOT NULL,            -- 2 where it failed
    plan_uid TEXT NOT NULL DEFAULT '',
    plan_label TEXT NOT NULL DEFAULT '',
    patient_id TEXT NOT NULL DEFAULT '',
    patient_name TEXT NOT NULL DEFAULT '',
    planned_on TEXT,                       -- ISO date
    machine TEXT NOT NULL DEFAULT '',      -- several joined by ', '
    technique TEXT NOT NULL DEFAULT '',
    scheme TEXT NOT NULL DEFAULT '',       -- id; empty where unknown
    indication TEXT NOT NULL DEFAULT '',
    prescribed_dose_gy REAL,
    fractions INTEGER,
    report_folder TEXT NOT NULL DEFAULT '',-- relative to the output folder; report.json, report.html
    report_sha256 TEXT NOT NULL DEFAULT '' -- of report.json
) STRICT;

CREATE TABLE case_input (
    case_id INTEGER NOT NULL REFERENCES "case" (id) ON DELETE CASCADE,
    path TEXT NOT NULL,
    sop_instance_uid TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    PRIMARY KEY (case_id, path)
) STRICT;

-- As in the JSON report; `bound` is its `limit`.
CREATE TABLE finding (
    case_id INTEGER NOT NULL REFERENCES "case" (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,             -- order in the report
    finding_id TEXT NOT NULL,
    code TEXT NOT NULL,
    subject TEXT NOT NULL,
    roi_number INTEGER,
    status TEXT NOT NULL,
    message TEXT NOT NULL,
    metric TEXT NOT NULL,
    value REAL,
    unit TEXT NOT NULL,
    band_low REAL,
    band_high REAL,
    comparison TEXT NOT NULL,
    bound REAL,
    margin REAL,
    guideline TEXT NOT NULL,
    source TEXT NOT NULL,
    doi TEXT NOT NULL,
    evidence TEXT NOT NULL,
    governs INTEGER NOT NULL,
    remedy TEXT NOT NULL,
    decided TEXT NOT NULL,
    PRIMARY KEY (case_id, position)
) STRICT;

-- The same few metrics of every structure of every case, for comparing plans with one another.
CREATE TABLE metric (
    case_id INTEGER NOT NULL REFERENCES "case" (id) ON DELETE CASCADE,
    roi_number INTEGER NOT NULL,
    roi_name TEXT NOT NULL,
    structure TEXT NOT NULL,               -- TG-263 name; empty where nothing matched
    expression TEXT NOT NULL,              -- D0.03cc, Dmean, ...
    value REAL,                            -- NULL where there is no answer
    unit TEXT NOT NULL,
    band_low REAL,
    band_high REAL,
    reason TEXT NOT NULL DEFAULT '',       -- why there is no answer
    PRIMARY KEY (case_id, roi_number, expression)
) STRICT;

-- Decisions of the centre that were in effect for the case.
CREATE TABLE override (
    case_id INTEGER NOT NULL REFERENCES "case" (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    published TEXT NOT NULL,
    own TEXT NOT NULL,
    reason TEXT NOT NULL,
    approver TEXT NOT NULL
) STRICT;

-- What went wrong; a case that failed has at least one.
CREATE TABLE error (
    id INTEGER PRIMARY KEY,
    batch_id INTEGER NOT NULL REFERENCES batch (id),
    case_id INTEGER REFERENCES "case" (id) ON DELETE CASCADE,
    path TEXT NOT NULL DEFAULT '',
    kind TEXT NOT NULL,                    -- crash, timeout, memory, unreadable, changed, refused, defect
    message TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT;

CREATE INDEX case_status ON "case" (status);
CREATE INDEX finding_code ON finding (code, status);
CREATE INDEX finding_case ON finding (case_id);
CREATE INDEX metric_structure ON metric (structure, expression);
CREATE INDEX error_case ON error (case_id);
