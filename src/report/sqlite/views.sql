-- The indexes and views of --format=sqlite, made when all rows are there.

CREATE UNIQUE INDEX symbols_by_name ON symbols (name);
CREATE INDEX definitions_by_symbol ON definitions (symbol);
CREATE INDEX bindings_by_symbol ON bindings (symbol);
CREATE INDEX objects_by_file ON objects (file);
CREATE INDEX objects_by_family ON objects (family);
CREATE INDEX known_libraries_by_name ON known_libraries (library);
CREATE INDEX scopes_by_object ON scopes (run, step, object);
CREATE INDEX findings_by_rule ON findings (rule);

CREATE VIEW exports AS -- who exports a symbol
SELECT s.name AS symbol, s.demangled, v.name AS version, d.is_default, d.type, d.binding, d.visibility, d.size, f.file,
  f.path, f.soname
FROM definitions d JOIN symbols s ON s.symbol = d.symbol JOIN files f ON f.file = d.file
LEFT JOIN versions v ON v.version = d.version;

CREATE VIEW bound AS -- every binding in plain text
SELECT b.run, p.plan, p.program, b.binding, b.step, r.name AS referrer, s.name AS symbol, s.demangled, v.name AS version,
  m.kinds, b.relocations, d.name AS definer, w.name AS definition_version, m.why, m.outcome, m.moment, m.loads, m.protected,
  m.asked_by, m.captured, m.assumptions, b.slot
FROM bindings b JOIN runs p ON p.run = b.run JOIN symbols s ON s.symbol = b.symbol
JOIN manners m ON m.manner = b.manner JOIN objects r ON r.run = b.run AND r.object = b.referrer
LEFT JOIN objects d ON d.run = b.run AND d.object = b.definer
LEFT JOIN versions v ON v.version = b.version LEFT JOIN versions w ON w.version = b.definition_version;

CREATE VIEW bound_pairs AS -- who is bound to whom, and how often
SELECT b.run, p.plan, p.program, r.name AS referrer, d.name AS definer, count(*) AS bindings, sum(b.relocations) AS relocations,
  sum(m.moment = 'first-call') AS first_call, sum(m.captured) AS captured
FROM bindings b JOIN runs p ON p.run = b.run JOIN manners m ON m.manner = b.manner
JOIN objects r ON r.run = b.run AND r.object = b.referrer JOIN objects d ON d.run = b.run AND d.object = b.definer
WHERE m.outcome = 'bound' AND m.moment <> 'not-reached'
GROUP BY b.run, b.referrer, b.definer;

CREATE VIEW captured_references AS -- references to an object's own symbol that another object answers
SELECT b.run, p.plan, p.program, b.step, r.name AS referrer, s.name AS symbol, s.demangled, v.name AS version,
  d.name AS definer, w.name AS definition_version, m.moment
FROM bindings b JOIN manners m ON m.manner = b.manner AND m.captured JOIN runs p ON p.run = b.run
JOIN symbols s ON s.symbol = b.symbol JOIN objects r ON r.run = b.run AND r.object = b.referrer
JOIN objects d ON d.run = b.run AND d.object = b.definer
LEFT JOIN versions v ON v.version = b.version LEFT JOIN versions w ON w.version = b.definition_version;

CREATE VIEW undefined AS -- references that nobody answers, weak ones aside
SELECT run, plan, program, step, referrer, symbol, demangled, version, outcome, moment
FROM bound WHERE outcome IN ('undefined', 'crash');

CREATE VIEW calls AS -- what a first call of a function would bind, from when on
SELECT t.run, p.plan, p.program, t.slot, r.name AS referrer, s.name AS symbol, s.demangled, v.name AS version, a.answer,
  a.after, d.name AS definer, w.name AS definition_version, m.outcome, t.called, t.until,
  a.answer = max(a.answer) OVER (PARTITION BY t.run, t.slot) AS is_last
FROM slots t JOIN runs p ON p.run = t.run JOIN symbols s ON s.symbol = t.symbol
JOIN objects r ON r.run = t.run AND r.object = t.referrer JOIN answers a ON a.run = t.run AND a.slot = t.slot
JOIN manners m ON m.manner = a.manner LEFT JOIN objects d ON d.run = a.run AND d.object = a.definer
LEFT JOIN versions v ON v.version = t.version LEFT JOIN versions w ON w.version = a.definition_version;

CREATE VIEW scope_members AS -- whom an object may be bound to after a step, in the order in which they are asked
SELECT c.run, p.plan, p.program, c.step, o.name AS object, h.position AS list, l.position, m.name AS member
FROM scopes c JOIN runs p ON p.run = c.run JOIN objects o ON o.run = c.run AND o.object = c.object
JOIN scope_lists h ON h.run = c.run AND h.step = c.step AND h.scope = c.scope
JOIN lists l ON l.run = h.run AND l.list = h.list JOIN objects m ON m.run = l.run AND m.object = l.object
WHERE NOT EXISTS (SELECT 1 FROM scopes later WHERE later.run = c.run AND later.step = c.step AND later.object = c.object
  AND later.scope > c.scope AND later.first <= h.position);

CREATE VIEW library_copies AS -- programs in which a known library is more than once: which load two SSLs?
SELECT run, plan, program, library, count(*) AS copies, count(DISTINCT namespace) AS namespaces,
  group_concat(name, ' ') AS objects
FROM (SELECT k.run, p.plan, p.program, k.library, o.namespace, o.name
  FROM known_libraries k JOIN objects o ON o.run = k.run AND o.object = k.object JOIN runs p ON p.run = k.run
  WHERE o.born IS NOT NULL ORDER BY k.run, k.library, k.object)
GROUP BY run, library HAVING count(*) > 1;

CREATE VIEW loaded_twice AS -- programs in which there are two objects of one name, whatever their versions and places
SELECT run, plan, program, family, count(*) AS objects, count(DISTINCT file) AS files,
  count(DISTINCT namespace) AS namespaces, group_concat(name, ' ') AS names
FROM (SELECT o.run, p.plan, p.program, o.family, o.file, o.namespace, o.name
  FROM objects o JOIN runs p ON p.run = o.run
  WHERE o.born IS NOT NULL AND o.role = 'ordinary' ORDER BY o.run, o.family, o.object)
GROUP BY run, family HAVING count(*) > 1;

CREATE VIEW told AS -- findings in plain text
SELECT f.run, p.plan, p.program, f.finding, f.rule, f.level, f.disposition, f.step, a.name AS from_object,
  z.name AS to_object, f.symbols,
  (SELECT group_concat(name, ' ') FROM (SELECT s.name FROM finding_symbols e JOIN symbols s ON s.symbol = e.symbol
    WHERE e.run = f.run AND e.finding = f.finding ORDER BY e.position)) AS examples
FROM findings f JOIN runs p ON p.run = f.run LEFT JOIN objects a ON a.run = f.run AND a.object = f.from_object
LEFT JOIN objects z ON z.run = f.run AND z.object = f.to_object;

COMMIT;
