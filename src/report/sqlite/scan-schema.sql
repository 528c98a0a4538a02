-- The tables of bindsim scan --format=sqlite. bindsim-sqlite(5) describes them; comments within a table stay in the
-- database. Columns stand in the order in which src/report/sqlite-scan.c writes them.

PRAGMA page_size = 4096;
PRAGMA encoding = 'UTF-8';
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
-- What was deleted of a page is not to be seen in the file.
PRAGMA secure_delete = ON;
PRAGMA application_id = 0x62737363; -- "bssc"
PRAGMA user_version = 101; -- 100 * the number in SCHEMA + the one behind the dot of SCHEMA_VERSION
BEGIN;

CREATE TABLE document (
  schema TEXT NOT NULL, -- bindsim-scan-sqlite-1
  schema_version TEXT NOT NULL,
  tool TEXT NOT NULL,
  tool_version TEXT NOT NULL
);

CREATE TABLE scan ( -- one row: what was asked, and what it came to
  question TEXT NOT NULL, -- a number that stands for all that was asked
  paths TEXT, -- that were named, newlines between; NULL: a list
  libraries INTEGER NOT NULL,
  plugins TEXT NOT NULL, -- newlines between
  steps TEXT NOT NULL,
  notes INTEGER NOT NULL, -- 1: notes are among the findings
  part INTEGER, -- NULL: it is the whole
  of_parts INTEGER,
  policy TEXT,
  fail_on TEXT NOT NULL,
  reason TEXT, -- of the exit status 1: refusal, finding
  programs INTEGER NOT NULL,
  runs INTEGER NOT NULL,
  refused INTEGER NOT NULL,
  unanswered INTEGER NOT NULL,
  static INTEGER NOT NULL, -- files that are no subjects
  scripts INTEGER NOT NULL,
  foreign_files INTEGER NOT NULL,
  other INTEGER NOT NULL,
  unreadable INTEGER NOT NULL
);

CREATE TABLE symbols (
  symbol INTEGER PRIMARY KEY,
  name TEXT NOT NULL, -- as it stands in the files
  demangled TEXT -- NULL: it is not mangled
);

CREATE TABLE versions (
  version INTEGER PRIMARY KEY,
  name TEXT NOT NULL
);

CREATE TABLE files ( -- that programs load
  file INTEGER PRIMARY KEY,
  path TEXT NOT NULL, -- free of links, inside the root
  soname TEXT,
  build_id TEXT, -- hexadecimal
  size INTEGER NOT NULL, -- bytes
  machine TEXT
);

CREATE TABLE needed ( -- DT_NEEDED
  file INTEGER NOT NULL REFERENCES files,
  position INTEGER NOT NULL,
  name TEXT NOT NULL,
  PRIMARY KEY (file, position)
) WITHOUT ROWID;

CREATE TABLE definitions ( -- what others can be bound to
  file INTEGER NOT NULL REFERENCES files,
  position INTEGER NOT NULL,
  symbol INTEGER NOT NULL REFERENCES symbols,
  version INTEGER REFERENCES versions,
  is_default INTEGER NOT NULL, -- 0: a hidden version, name@VERSION
  type TEXT NOT NULL, -- func, object, tls, ifunc, common, notype, or a number
  binding TEXT NOT NULL, -- global, weak, unique
  size INTEGER NOT NULL, -- bytes
  PRIMARY KEY (file, position)
) WITHOUT ROWID;

CREATE TABLE objects ( -- by the names under which programs have them
  object INTEGER PRIMARY KEY,
  name TEXT NOT NULL, -- in the link map
  file INTEGER REFERENCES files -- NULL: exports are not shown, or it could not be read again
);

CREATE TABLE runs ( -- of programs, in the order of their paths
  run INTEGER PRIMARY KEY, -- from 1 on
  path TEXT NOT NULL,
  is_library INTEGER NOT NULL, -- 1: a program that nobody knows opens it
  plugin TEXT, -- that the program opens; of several, their directory
  plugins INTEGER NOT NULL, -- how many
  machine TEXT,
  loader TEXT,
  build_id TEXT,
  outcome TEXT NOT NULL, -- ok, refused, unanswered
  problem TEXT, -- why it is unanswered
  objects INTEGER NOT NULL, -- in the process at its end
  errors INTEGER NOT NULL, -- findings
  warnings INTEGER NOT NULL,
  notes INTEGER NOT NULL
);

CREATE TABLE loads ( -- what is in the process at the end of a run
  run INTEGER NOT NULL REFERENCES runs,
  position INTEGER NOT NULL,
  object INTEGER NOT NULL REFERENCES objects,
  PRIMARY KEY (run, position)
) WITHOUT ROWID;

CREATE TABLE known_libraries ( -- of bindsim-libraries(5), and who exports their markers
  run INTEGER NOT NULL REFERENCES runs,
  position INTEGER NOT NULL,
  object INTEGER NOT NULL REFERENCES objects,
  library TEXT NOT NULL,
  is_itself INTEGER NOT NULL, -- 1: it has the library's name; 0: it has the library inside
  version TEXT, -- as it stands in the file
  PRIMARY KEY (run, position)
) WITHOUT ROWID;

CREATE TABLE refusals (
  run INTEGER NOT NULL REFERENCES runs,
  position INTEGER NOT NULL,
  step INTEGER NOT NULL,
  message TEXT,
  PRIMARY KEY (run, position)
) WITHOUT ROWID;

CREATE TABLE diagnostics ( -- inputs that could not be read or had to be guessed at
  run INTEGER NOT NULL REFERENCES runs,
  position INTEGER NOT NULL,
  code TEXT NOT NULL,
  path TEXT,
  offset INTEGER,
  errno TEXT,
  detail TEXT,
  PRIMARY KEY (run, position)
) WITHOUT ROWID;

CREATE TABLE findings (
  run INTEGER NOT NULL REFERENCES runs,
  finding INTEGER NOT NULL, -- from 0 on, the worst first
  rule TEXT NOT NULL,
  fingerprint TEXT NOT NULL, -- the same from build to build
  level TEXT NOT NULL, -- error, warning, note
  disposition TEXT, -- counts, below, suppressed, baseline; NULL: nobody judges
  excuse TEXT,
  step INTEGER NOT NULL,
  from_name TEXT, -- in the link map
  from_lasting TEXT, -- in any version, at any place; NULL: it is the program, or nobody
  to_name TEXT,
  to_lasting TEXT,
  symbols INTEGER NOT NULL, -- how many
  PRIMARY KEY (run, finding)
) WITHOUT ROWID;

CREATE TABLE finding_symbols ( -- examples
  run INTEGER NOT NULL,
  finding INTEGER NOT NULL,
  position INTEGER NOT NULL,
  symbol INTEGER NOT NULL REFERENCES symbols,
  PRIMARY KEY (run, finding, position),
  FOREIGN KEY (run, finding) REFERENCES findings
) WITHOUT ROWID;

CREATE TABLE gone ( -- findings of the baseline that are not there
  run INTEGER NOT NULL REFERENCES runs,
  position INTEGER NOT NULL,
  fingerprint TEXT NOT NULL,
  rule TEXT NOT NULL,
  from_lasting TEXT NOT NULL,
  to_lasting TEXT,
  level TEXT NOT NULL,
  symbols INTEGER NOT NULL,
  PRIMARY KEY (run, position)
) WITHOUT ROWID;

CREATE TABLE bindings (
  run INTEGER NOT NULL REFERENCES runs,
  binding INTEGER NOT NULL, -- from 0 on
  step INTEGER NOT NULL,
  referrer INTEGER NOT NULL REFERENCES objects,
  symbol INTEGER NOT NULL REFERENCES symbols,
  version INTEGER REFERENCES versions, -- that is asked for
  definer INTEGER REFERENCES objects, -- NULL: nobody
  moment TEXT NOT NULL, -- load, first-call
  PRIMARY KEY (run, binding)
) WITHOUT ROWID;

CREATE TABLE pairs ( -- objects that clash, the worst first
  pair INTEGER PRIMARY KEY, -- from 1 on
  rule TEXT NOT NULL,
  level TEXT NOT NULL, -- the worst of all programs
  from_lasting TEXT, -- NULL: the program
  to_lasting TEXT,
  programs INTEGER NOT NULL, -- in how many
  most_symbols INTEGER NOT NULL -- in the program that has most
);

CREATE TABLE of_policy ( -- what is told of the policy once for all programs
  position INTEGER PRIMARY KEY,
  rule TEXT NOT NULL,
  level TEXT NOT NULL,
  disposition TEXT NOT NULL, -- counts, below, suppressed
  words TEXT NOT NULL
);
