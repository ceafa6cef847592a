// The stock Cube compiler as one process: JSON lines in, JSON lines out.
//
//   {"folder": "cube/model"}                                -> {"cubes": [...]}
//   {"model": "cube/model", "query": {...}, "today"?: date} -> {"sql", "params", "aliases"}
//   {"dateRange": "last 2 weeks", "timezone", "today"}      -> {"range"}
//
// or {"error"}. A folder is compiled once and stays the model of its name.

import { createRequire } from 'node:module';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { createInterface } from 'node:readline';

process.env.CUBEJS_TESSERACT_SQL_PLANNER = 'false';
process.env.TZ = 'UTC';

const require = createRequire(import.meta.url);
const { prepareCompiler } = require('@cubejs-backend/schema-compiler');
const { DuckDBQuery } = require('@cubejs-backend/duckdb-driver/dist/src/DuckDBQuery.js');
const { normalizeQuery, remapToQueryAdapterFormat } = require('@cubejs-backend/api-gateway/dist/src/query.js');
const { dateParser } = require('@cubejs-backend/api-gateway/dist/src/date-parser.js');

// The model has no Jinja, so the native extension is not needed.
const nativeInstance = { newJinjaEngine: () => ({ loadTemplate: () => undefined }) };
const models = new Map();

function readFolder(folder) {
  const files = readdirSync(folder, { recursive: true }).filter((name) => name.endsWith('.yml'));
  return files.sort().map((name) => ({
    fileName: relative(folder, join(folder, name)),
    content: readFileSync(join(folder, name), 'utf8'),
  }));
}

async function compile({ folder }) {
  const files = readFolder(folder);
  const repository = { localPath: () => folder, dataSchemaFiles: async () => files };
  const compilers = prepareCompiler(repository, { nativeInstance });
  await compilers.compiler.compile();
  models.set(folder, compilers);
  return { cubes: compilers.metaTransformer.cubes.map((cube) => cube.config) };
}

// "Today" is the clock's for the stock parser; the tests move the clock instead of the parser.
// At ten o'clock in Greenwich it is the same day from Honolulu to Auckland.
const RealDate = Date;
function at(today, work) {
  if (today === undefined) return work();
  const now = RealDate.parse(`${today}T10:00:00.000Z`);
  globalThis.Date = class extends RealDate {
    constructor(...given) { super(...(given.length ? given : [now])); }
    static now() { return now; }
  };
  try { return work(); } finally { globalThis.Date = RealDate; }
}

function build({ model, query, today }) {
  const compilers = models.get(model);
  return at(today, () => {
    const normalized = remapToQueryAdapterFormat(normalizeQuery(query, false));
    const options = { ...normalized, allowUngroupedWithoutPrimaryKey: true, disableExternalPreAggregations: true };
    const builder = new DuckDBQuery(compilers, options);
    const [sql, params] = compilers.compiler.withQuery(builder, () => builder.buildSqlAndParams());
    return { sql, params, aliases: aliases(builder) };
  });
}

// Alias in the SQL -> member (with granularity) as the answer names it.
function aliases(builder) {
  const names = {};
  for (const item of builder.dimensions) names[plain(item)] = item.dimension;
  for (const item of builder.timeDimensions) {
    if (item.granularity) names[plain(item)] = `${item.dimension}.${item.granularity}`;
  }
  for (const item of builder.measures) names[plain(item)] = item.measure;
  return names;
}

function plain(item) {
  return item.aliasName().replace(/^"|"$/g, '');
}

async function answer(request) {
  if (request.folder) return compile(request);
  if (request.dateRange) {
    return at(request.today, () => ({ range: dateParser(request.dateRange, request.timezone, new Date()) }));
  }
  return build(request);
}

for await (const line of createInterface({ input: process.stdin })) {
  let reply;
  try {
    reply = await answer(JSON.parse(line));
  } catch (error) {
    reply = { error: error.plainMessages || error.message || String(error) };
  }
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}
