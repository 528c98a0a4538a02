-- The indexes and views of bindsim scan --format=sqlite, made when all rows are there.

CREATE UNIQUE INDEX symbols_by_name ON symbols (name);
CREATE INDEX definitions_by_symbol ON definitions (symbol);
CREATE INDEX objects_by_file ON objects (file);
CREATE INDEX loads_by_object ON loads (object);
CREATE INDEX known_libraries_by_name ON known_libraries (library);
CREATE INDEX findings_by_rule ON findings (rule);
CREATE INDEX bindings_by_symbol ON bindings (symbol);
CREATE INDEX runs_by_path ON runs (path);

CREATE VIEW exports AS -- who exports a symbol
SELECT s.name AS symbol, s.demangled, v.name AS version, d.is_default, d.type, d.binding, d.size, f.file, f.path, f.soname
FROM definitions d JOIN symbols s ON s.symbol = d.symbol JOIN files f ON f.file = d.file
LEFT JOIN versions v ON v.version = d.version;

CREATE VIEW loaded AS -- which programs load a file
SELECT l.run, r.path AS program, r.plugin, o.name, f.path, f.soname, f.build_id
FROM loads l JOIN runs r ON r.run = l.run JOIN objects o ON o.object = l.object LEFT JOIN files f ON f.file = o.file;

CREATE VIEW library_copies AS -- programs in which a known library is more than once: which load two SSLs?
SELECT run, program, plugin, library, count(*) AS copies, group_concat(name, ' ') AS objects
FROM (SELECT k.run, r.path AS program, r.plugin, k.library, o.name
  FROM known_libraries k JOIN runs r ON r.run = k.run JOIN objects o ON o.object = k.object ORDER BY k.run, k.position)
GROUP BY run, library HAVING count(*) > 1;

CREATE VIEW told AS -- findings in plain text
SELECT f.run, r.path AS program, r.plugin, f.finding, f.rule, f.level, f.disposition, f.step, f.from_name, f.to_name, f.symbols,
  (SELECT group_concat(name, ' ') FROM (SELECT s.name FROM finding_symbols e JOIN symbols s ON s.symbol = e.symbol
    WHERE e.run = f.run AND e.finding = f.finding ORDER BY e.position)) AS examples
FROM findings f JOIN runs r ON r.run = f.run;

CREATE VIEW bound AS -- every binding in plain text; with --show=bindings
SELECT b.run, r.path AS program, r.plugin, b.binding, b.step, o.name AS referrer, s.name AS symbol, s.demangled,
  v.name AS version, d.name AS definer, b.moment
FROM bindings b JOIN runs r ON r.run = b.run JOIN symbols s ON s.symbol = b.symbol JOIN objects o ON o.object = b.referrer
LEFT JOIN objects d ON d.object = b.definer LEFT JOIN versions v ON v.version = b.version;

COMMIT;
