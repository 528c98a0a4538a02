-- The tables of --format=sqlite. bindsim-sqlite(5) describes them; comments within a table stay in the database.
-- Columns stand in the order in which src/report/sqlite-*.c writes them.

PRAGMA page_size = 4096;
PRAGMA encoding = 'UTF-8';
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
-- What was deleted of a page is not to be seen in the file.
PRAGMA secure_delete = ON;
PRAGMA application_id = 0x6273696d; -- "bsim"
PRAGMA user_version = 100; -- 100 * the number in SCHEMA + the one behind the dot of SCHEMA_VERSION
BEGIN;

CREATE TABLE document (
  schema TEXT NOT NULL, -- bindsim-sqlite-1
  schema_version TEXT NOT NULL,
  tool TEXT NOT NULL,
  tool_version TEXT NOT NULL
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

CREATE TABLE manners ( -- how a reference is bound: what many bindings have in common
  manner INTEGER PRIMARY KEY,
  kinds TEXT NOT NULL, -- of relocations, commas between; "" for none
  why TEXT NOT NULL,
  outcome TEXT NOT NULL, -- bound, weak-unresolved, undefined, crash
  moment TEXT, -- load, first-call, not-reached, call, dlsym; NULL for an answer of a slot
  loads INTEGER NOT NULL, -- 1: a call loads something first
  protected INTEGER NOT NULL, -- 1: the loader calls it a protected reference
  asked_by TEXT, -- program or loader: no relocation asks
  captured INTEGER NOT NULL, -- 1: the referrer has a definition of its own, and another object answers
  assumptions TEXT -- switches of the loader that it rests on, commas between
);

CREATE TABLE files ( -- of objects; one that several runs load stands here once
  file INTEGER PRIMARY KEY,
  path TEXT NOT NULL, -- as the first run that loaded it names it, inside the root
  soname TEXT,
  build_id TEXT, -- hexadecimal
  size INTEGER NOT NULL, -- bytes
  machine TEXT,
  rpath TEXT,
  runpath TEXT
);

CREATE TABLE needed ( -- DT_NEEDED
  file INTEGER NOT NULL REFERENCES files,
  position INTEGER NOT NULL,
  name TEXT NOT NULL,
  PRIMARY KEY (file, position)
) WITHOUT ROWID;

CREATE TABLE definitions ( -- what others can be bound to
  file INTEGER NOT NULL REFERENCES files,
  entry INTEGER NOT NULL, -- of its dynamic symbol table
  symbol INTEGER NOT NULL REFERENCES symbols,
  version INTEGER REFERENCES versions,
  is_default INTEGER NOT NULL, -- 0: a hidden version, name@VERSION
  type TEXT NOT NULL, -- func, object, tls, ifunc, common, notype, or a number
  binding TEXT NOT NULL, -- global, weak, unique
  visibility TEXT NOT NULL, -- default, protected
  size INTEGER NOT NULL, -- bytes
  PRIMARY KEY (file, entry)
) WITHOUT ROWID;

CREATE TABLE runs ( -- a program that starts and makes the calls of a plan
  run INTEGER PRIMARY KEY, -- from 1 on
  plan TEXT, -- its name in a policy
  program TEXT NOT NULL, -- the executable as it was named
  argv0 TEXT NOT NULL,
  loader TEXT NOT NULL,
  loader_title TEXT NOT NULL,
  machine TEXT NOT NULL,
  interp TEXT,
  root TEXT,
  cwd TEXT,
  bind_now INTEGER NOT NULL,
  secure INTEGER NOT NULL,
  library_path TEXT,
  preload TEXT,
  inhibit_cache INTEGER NOT NULL,
  ldconfig INTEGER NOT NULL,
  inhibit_rpath TEXT,
  cpu TEXT,
  platform TEXT,
  hwcaps_mask TEXT,
  hwcaps_prepend TEXT,
  parts TEXT NOT NULL, -- that are in this database, commas between
  filter_symbol TEXT,
  filter_from TEXT,
  filter_to TEXT,
  outcome TEXT NOT NULL, -- ok, refused
  reason TEXT, -- of the exit status 1: refusal, finding
  fail_on TEXT NOT NULL,
  verdict TEXT, -- of bindsim check: passed, failed
  policy TEXT,
  counts INTEGER, -- findings by what the policy makes of them
  below INTEGER,
  suppressed INTEGER,
  baseline INTEGER,
  objects INTEGER NOT NULL, -- sums over all steps
  bindings INTEGER NOT NULL,
  first_call INTEGER NOT NULL,
  local INTEGER NOT NULL,
  weak_unresolved INTEGER NOT NULL,
  undefined INTEGER NOT NULL,
  refused INTEGER NOT NULL, -- steps
  errors INTEGER NOT NULL,
  warnings INTEGER NOT NULL,
  notes INTEGER NOT NULL,
  left_out INTEGER NOT NULL -- names that two objects define and that are no finding
);

CREATE TABLE variables ( -- of the environment, as far as they count; settings
  run INTEGER NOT NULL REFERENCES runs,
  kind TEXT NOT NULL, -- environment, setting
  position INTEGER NOT NULL,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (run, kind, position)
) WITHOUT ROWID;

CREATE TABLE blocks ( -- whose constructors make steps
  run INTEGER NOT NULL REFERENCES runs,
  block INTEGER NOT NULL, -- from 1 on
  object TEXT NOT NULL, -- as the plan names it
  PRIMARY KEY (run, block)
) WITHOUT ROWID;

CREATE TABLE objects (
  run INTEGER NOT NULL REFERENCES runs,
  object INTEGER NOT NULL, -- 0 is the executable
  file INTEGER REFERENCES files, -- NULL: the vdso
  name TEXT NOT NULL, -- in the link map; of the executable argv[0]
  path TEXT, -- inside the root
  family TEXT NOT NULL, -- what its soname or file name is without a version
  kind TEXT NOT NULL, -- executable, startup, loaded
  role TEXT NOT NULL, -- ordinary, loader, vdso
  namespace INTEGER NOT NULL,
  born INTEGER, -- the step; NULL: a call would load it
  died INTEGER,
  how TEXT, -- the search found it
  via INTEGER, -- whose RPATH or RUNPATH it was
  asked_by INTEGER,
  preloaded INTEGER NOT NULL,
  binds TEXT, -- its calls: now, lazy, none
  mark TEXT, -- that decides it
  PRIMARY KEY (run, object),
  FOREIGN KEY (run, via) REFERENCES objects,
  FOREIGN KEY (run, asked_by) REFERENCES objects
) WITHOUT ROWID;

CREATE TABLE known_libraries ( -- of bindsim-libraries(5), and who exports their markers
  run INTEGER NOT NULL,
  object INTEGER NOT NULL,
  library TEXT NOT NULL,
  is_itself INTEGER NOT NULL, -- 1: it has the library's name; 0: it has the library inside
  version TEXT, -- as it stands in the file
  PRIMARY KEY (run, object, library),
  FOREIGN KEY (run, object) REFERENCES objects
) WITHOUT ROWID;

CREATE TABLE steps (
  run INTEGER NOT NULL REFERENCES runs,
  step INTEGER NOT NULL, -- 0 is start-up
  kind TEXT NOT NULL, -- start-up, dlopen, dlmopen, dlsym, dlclose, call
  file TEXT, -- dlopen, dlmopen
  flags TEXT, -- their names, commas between
  number_flags INTEGER,
  namespace_of INTEGER, -- dlmopen: the step whose namespace it is
  handle TEXT, -- dlsym, dlclose: default, next, or a step's number
  called_object TEXT, -- call: whose slot it goes through
  symbol TEXT, -- dlsym, call
  version TEXT,
  block INTEGER, -- of constructors that make it
  within INTEGER, -- the object whose constructors these are
  caller INTEGER,
  internal INTEGER NOT NULL, -- 1: the C library makes the call by itself
  state TEXT NOT NULL, -- ok, failed, not-reached
  epoch INTEGER, -- that begins with its end
  message TEXT, -- the loader's, when it failed, or why it is not reached
  subject TEXT, -- the parts of that message
  words TEXT,
  errno TEXT,
  needed_by INTEGER,
  crash INTEGER NOT NULL, -- 1: the loader dies of it
  ends_process INTEGER NOT NULL,
  root INTEGER, -- the object that was opened
  was_open INTEGER NOT NULL,
  handles INTEGER, -- dlopen, dlclose: how many there are now
  kept INTEGER, -- dlopen: it marks what was open never to be unloaded
  found_object INTEGER, -- dlsym
  found_version TEXT,
  found_kind TEXT, -- offset, tls, absolute, ifunc
  found_offset INTEGER,
  closed_object INTEGER, -- dlclose
  fate TEXT, -- unloaded, open, in-use, permanent
  was_bound INTEGER, -- call: the slot was bound before
  assumptions TEXT,
  objects INTEGER NOT NULL, -- that came and stayed
  bindings INTEGER NOT NULL,
  first_call INTEGER NOT NULL,
  local INTEGER NOT NULL,
  weak_unresolved INTEGER NOT NULL,
  undefined INTEGER NOT NULL,
  PRIMARY KEY (run, step),
  FOREIGN KEY (run, within) REFERENCES objects,
  FOREIGN KEY (run, caller) REFERENCES objects,
  FOREIGN KEY (run, needed_by) REFERENCES objects,
  FOREIGN KEY (run, root) REFERENCES objects,
  FOREIGN KEY (run, found_object) REFERENCES objects,
  FOREIGN KEY (run, closed_object) REFERENCES objects
) WITHOUT ROWID;

CREATE TABLE step_objects ( -- what a step changes, and what there is at its end
  run INTEGER NOT NULL,
  step INTEGER NOT NULL,
  change TEXT NOT NULL, -- loaded, unloaded, promoted, activated, mapped
  position INTEGER NOT NULL,
  object INTEGER NOT NULL,
  PRIMARY KEY (run, step, change, position),
  FOREIGN KEY (run, step) REFERENCES steps,
  FOREIGN KEY (run, object) REFERENCES objects
) WITHOUT ROWID;

CREATE TABLE missing ( -- what a start-up goes on without, or would
  run INTEGER NOT NULL,
  step INTEGER NOT NULL,
  position INTEGER NOT NULL,
  name TEXT NOT NULL,
  needed_by INTEGER,
  message TEXT NOT NULL,
  optional INTEGER NOT NULL,
  PRIMARY KEY (run, step, position),
  FOREIGN KEY (run, step) REFERENCES steps,
  FOREIGN KEY (run, needed_by) REFERENCES objects
) WITHOUT ROWID;

CREATE TABLE hints ( -- where a file that was not found is after all
  run INTEGER NOT NULL,
  step INTEGER NOT NULL,
  position INTEGER NOT NULL,
  kind TEXT NOT NULL,
  path TEXT NOT NULL,
  object INTEGER,
  PRIMARY KEY (run, step, position),
  FOREIGN KEY (run, step) REFERENCES steps,
  FOREIGN KEY (run, object) REFERENCES objects
) WITHOUT ROWID;

CREATE TABLE version_problems (
  run INTEGER NOT NULL,
  step INTEGER NOT NULL,
  position INTEGER NOT NULL,
  object INTEGER NOT NULL, -- that has not got
  required_by INTEGER NOT NULL,
  version TEXT,
  outcome TEXT NOT NULL,
  words TEXT,
  PRIMARY KEY (run, step, position),
  FOREIGN KEY (run, step) REFERENCES steps,
  FOREIGN KEY (run, object) REFERENCES objects,
  FOREIGN KEY (run, required_by) REFERENCES objects
) WITHOUT ROWID;

CREATE TABLE passed_over ( -- preloads
  run INTEGER NOT NULL,
  step INTEGER NOT NULL,
  position INTEGER NOT NULL,
  word TEXT NOT NULL,
  source TEXT NOT NULL,
  message TEXT NOT NULL,
  PRIMARY KEY (run, step, position),
  FOREIGN KEY (run, step) REFERENCES steps
) WITHOUT ROWID;

CREATE TABLE demands ( -- needs that are loaded on demand
  run INTEGER NOT NULL,
  step INTEGER NOT NULL,
  position INTEGER NOT NULL,
  name TEXT NOT NULL,
  needed_by INTEGER NOT NULL,
  made INTEGER NOT NULL, -- 1: it begins to wait; 0: somebody came to it
  object INTEGER,
  was_loaded INTEGER NOT NULL,
  symbol TEXT,
  PRIMARY KEY (run, step, position),
  FOREIGN KEY (run, step) REFERENCES steps,
  FOREIGN KEY (run, needed_by) REFERENCES objects,
  FOREIGN KEY (run, object) REFERENCES objects
) WITHOUT ROWID;

CREATE TABLE searches (
  run INTEGER NOT NULL,
  step INTEGER NOT NULL,
  search INTEGER NOT NULL, -- from 0 on
  kind TEXT NOT NULL, -- library, filtee, path
  name TEXT NOT NULL,
  namespace INTEGER, -- library
  filter TEXT, -- filtee: of whom
  PRIMARY KEY (run, step, search),
  FOREIGN KEY (run, step) REFERENCES steps
) WITHOUT ROWID;

CREATE TABLE places ( -- that were tried in a search
  run INTEGER NOT NULL,
  step INTEGER NOT NULL,
  search INTEGER NOT NULL,
  place INTEGER NOT NULL, -- from 0 on
  kind TEXT NOT NULL, -- file, list, cache
  text TEXT NOT NULL, -- the file, or the directories of a list
  how TEXT, -- file
  verdict TEXT,
  errno TEXT,
  words TEXT,
  label TEXT, -- list: where it comes from
  owner TEXT, -- list: whose it is
  PRIMARY KEY (run, step, search, place),
  FOREIGN KEY (run, step, search) REFERENCES searches
) WITHOUT ROWID;

CREATE TABLE lists ( -- searchlists as they were; those that are alike stand here once a run
  run INTEGER NOT NULL,
  list INTEGER NOT NULL, -- from 0 on
  position INTEGER NOT NULL,
  object INTEGER NOT NULL,
  PRIMARY KEY (run, list, position),
  FOREIGN KEY (run, object) REFERENCES objects
) WITHOUT ROWID;

CREATE TABLE scopes ( -- that a step made, or made longer
  run INTEGER NOT NULL,
  step INTEGER NOT NULL,
  scope INTEGER NOT NULL, -- from 0 on, in their order
  object INTEGER NOT NULL, -- whose scope it is
  first INTEGER NOT NULL, -- the lists from this position on are told of
  assumptions TEXT,
  PRIMARY KEY (run, step, scope),
  FOREIGN KEY (run, step) REFERENCES steps,
  FOREIGN KEY (run, object) REFERENCES objects
) WITHOUT ROWID;

CREATE TABLE scope_lists ( -- the lists that make them up, in the order in which they are searched
  run INTEGER NOT NULL,
  step INTEGER NOT NULL,
  scope INTEGER NOT NULL,
  position INTEGER NOT NULL,
  list INTEGER NOT NULL, -- one that has no rows in lists is empty
  PRIMARY KEY (run, step, scope, position),
  FOREIGN KEY (run, step, scope) REFERENCES scopes
) WITHOUT ROWID;

CREATE TABLE bindings (
  run INTEGER NOT NULL,
  binding INTEGER NOT NULL, -- from 0 on, in the loader's order
  step INTEGER NOT NULL,
  referrer INTEGER NOT NULL,
  symbol INTEGER NOT NULL REFERENCES symbols,
  version INTEGER REFERENCES versions, -- that is asked for
  relocations INTEGER NOT NULL, -- that use it
  definer INTEGER, -- NULL: nobody
  definition_version INTEGER REFERENCES versions,
  manner INTEGER NOT NULL REFERENCES manners,
  slot INTEGER, -- that waits, or was called
  PRIMARY KEY (run, binding),
  FOREIGN KEY (run, step) REFERENCES steps,
  FOREIGN KEY (run, referrer) REFERENCES objects,
  FOREIGN KEY (run, definer) REFERENCES objects
) WITHOUT ROWID;

CREATE TABLE slots ( -- jump slots that were left for their first call
  run INTEGER NOT NULL,
  slot INTEGER NOT NULL,
  step INTEGER NOT NULL, -- that left it
  referrer INTEGER NOT NULL,
  symbol INTEGER NOT NULL REFERENCES symbols,
  version INTEGER REFERENCES versions,
  called INTEGER, -- the step whose call bound it
  until INTEGER, -- the step from whose end on it does not wait
  PRIMARY KEY (run, slot),
  FOREIGN KEY (run, step) REFERENCES steps,
  FOREIGN KEY (run, called) REFERENCES steps,
  FOREIGN KEY (run, until) REFERENCES steps,
  FOREIGN KEY (run, referrer) REFERENCES objects
) WITHOUT ROWID;

CREATE TABLE answers ( -- what a first call would bind, from the end of a step on
  run INTEGER NOT NULL,
  slot INTEGER NOT NULL,
  answer INTEGER NOT NULL, -- from 0 on
  after INTEGER NOT NULL, -- the step
  definer INTEGER,
  definition_version INTEGER REFERENCES versions,
  manner INTEGER NOT NULL REFERENCES manners,
  PRIMARY KEY (run, slot, answer),
  FOREIGN KEY (run, slot) REFERENCES slots,
  FOREIGN KEY (run, after) REFERENCES steps,
  FOREIGN KEY (run, definer) REFERENCES objects
) WITHOUT ROWID;

CREATE TABLE findings (
  run INTEGER NOT NULL,
  finding INTEGER NOT NULL, -- from 0 on
  rule TEXT NOT NULL,
  fingerprint TEXT NOT NULL, -- the same from build to build
  level TEXT NOT NULL, -- error, warning, note
  disposition TEXT, -- of bindsim check: counts, below, suppressed, baseline
  excuse TEXT,
  step INTEGER NOT NULL,
  from_object INTEGER,
  to_object INTEGER,
  before_object INTEGER, -- calls went there until STEP
  instead_object INTEGER, -- who would have answered
  slot INTEGER, -- one of those that it is about
  decided_by TEXT, -- global-scope, local-scope, own-scope
  preloaded INTEGER NOT NULL,
  symbols INTEGER NOT NULL, -- how many, and of them:
  functions INTEGER NOT NULL,
  data INTEGER NOT NULL,
  weak INTEGER NOT NULL,
  replaceable INTEGER NOT NULL,
  first_call INTEGER NOT NULL,
  inside INTEGER NOT NULL, -- references that stay inside
  PRIMARY KEY (run, finding),
  FOREIGN KEY (run, step) REFERENCES steps,
  FOREIGN KEY (run, from_object) REFERENCES objects,
  FOREIGN KEY (run, to_object) REFERENCES objects,
  FOREIGN KEY (run, before_object) REFERENCES objects,
  FOREIGN KEY (run, instead_object) REFERENCES objects
) WITHOUT ROWID;

CREATE TABLE finding_symbols ( -- examples
  run INTEGER NOT NULL,
  finding INTEGER NOT NULL,
  position INTEGER NOT NULL,
  symbol INTEGER NOT NULL REFERENCES symbols,
  PRIMARY KEY (run, finding, position),
  FOREIGN KEY (run, finding) REFERENCES findings
) WITHOUT ROWID;

CREATE TABLE evidence (
  run INTEGER NOT NULL,
  finding INTEGER NOT NULL,
  position INTEGER NOT NULL,
  kind TEXT NOT NULL,
  n INTEGER NOT NULL,
  of_n INTEGER NOT NULL, -- n of so many
  object INTEGER,
  text TEXT,
  PRIMARY KEY (run, finding, position),
  FOREIGN KEY (run, finding) REFERENCES findings,
  FOREIGN KEY (run, object) REFERENCES objects
) WITHOUT ROWID;

CREATE TABLE proofs ( -- what debug information says of a finding's definitions
  run INTEGER NOT NULL,
  finding INTEGER NOT NULL,
  verdict TEXT NOT NULL, -- unknown, same, differ
  level_before TEXT NOT NULL,
  looked INTEGER NOT NULL, -- symbols
  compared INTEGER NOT NULL,
  differ INTEGER NOT NULL,
  same_size INTEGER NOT NULL,
  same_code INTEGER NOT NULL,
  code_compared INTEGER NOT NULL,
  same_build INTEGER,
  PRIMARY KEY (run, finding),
  FOREIGN KEY (run, finding) REFERENCES findings
) WITHOUT ROWID;

CREATE TABLE proof_symbols (
  run INTEGER NOT NULL,
  finding INTEGER NOT NULL,
  position INTEGER NOT NULL,
  symbol INTEGER NOT NULL REFERENCES symbols,
  verdict TEXT NOT NULL,
  difference TEXT, -- its kind
  type TEXT,
  name TEXT,
  first TEXT,
  second TEXT,
  PRIMARY KEY (run, finding, position),
  FOREIGN KEY (run, finding) REFERENCES proofs
) WITHOUT ROWID;

CREATE TABLE proof_definitions (
  run INTEGER NOT NULL,
  finding INTEGER NOT NULL,
  position INTEGER NOT NULL, -- of the symbol
  side INTEGER NOT NULL, -- 0: the definition that was exchanged; 1: the one that answers
  object INTEGER,
  size INTEGER NOT NULL,
  file TEXT,
  line INTEGER,
  producer TEXT,
  directory TEXT,
  debug_file TEXT,
  unknown TEXT, -- why nothing is known
  PRIMARY KEY (run, finding, position, side),
  FOREIGN KEY (run, finding, position) REFERENCES proof_symbols,
  FOREIGN KEY (run, object) REFERENCES objects
) WITHOUT ROWID;

CREATE TABLE gone ( -- findings of the baseline that are not there
  run INTEGER NOT NULL REFERENCES runs,
  position INTEGER NOT NULL,
  fingerprint TEXT NOT NULL,
  rule TEXT NOT NULL,
  from_name TEXT NOT NULL,
  to_name TEXT,
  level TEXT NOT NULL,
  symbols INTEGER NOT NULL,
  PRIMARY KEY (run, position)
) WITHOUT ROWID;

CREATE TABLE suppressed ( -- names that two objects define and no finding is about
  run INTEGER NOT NULL REFERENCES runs,
  position INTEGER NOT NULL,
  from_object INTEGER NOT NULL,
  to_object INTEGER NOT NULL,
  reason TEXT NOT NULL,
  symbols INTEGER NOT NULL,
  PRIMARY KEY (run, position),
  FOREIGN KEY (run, from_object) REFERENCES objects,
  FOREIGN KEY (run, to_object) REFERENCES objects
) WITHOUT ROWID;

CREATE TABLE suppressed_symbols ( -- examples
  run INTEGER NOT NULL,
  suppressed INTEGER NOT NULL, -- the position of that
  position INTEGER NOT NULL,
  symbol INTEGER NOT NULL REFERENCES symbols,
  PRIMARY KEY (run, suppressed, position),
  FOREIGN KEY (run, suppressed) REFERENCES suppressed
) WITHOUT ROWID;

CREATE TABLE dlopen_notes ( -- what objects say that they may open
  run INTEGER NOT NULL REFERENCES runs,
  position INTEGER NOT NULL,
  object INTEGER NOT NULL,
  entry INTEGER NOT NULL,
  feature TEXT,
  description TEXT,
  priority TEXT NOT NULL,
  step INTEGER, -- that was taken from it
  PRIMARY KEY (run, position),
  FOREIGN KEY (run, object) REFERENCES objects,
  FOREIGN KEY (run, step) REFERENCES steps
) WITHOUT ROWID;

CREATE TABLE dlopen_note_sonames (
  run INTEGER NOT NULL,
  note INTEGER NOT NULL, -- the position of that
  position INTEGER NOT NULL,
  soname TEXT NOT NULL,
  state TEXT NOT NULL, -- loaded, found, not-found
  object INTEGER,
  path TEXT,
  how TEXT,
  PRIMARY KEY (run, note, position),
  FOREIGN KEY (run, note) REFERENCES dlopen_notes,
  FOREIGN KEY (run, object) REFERENCES objects
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
