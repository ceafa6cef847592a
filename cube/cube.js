// Configuration of a stock Cube deployment over the same model (see docs/cubes.md).
// It reads a published version of the warehouse: BANKCRM_VERSION_FILE names the DuckDB file.
// The multi-stage and multi-fact measures of the model need the planner that Cube calls Tesseract.

// The driver opens files for writing, and a published version is read-only: it is attached.
const settings = [
  "ATTACH 'VERSION' AS version (READ_ONLY)",
  'USE version',
  // DuckDB 1.5.5 merges joins that only look alike and then answers with nulls.
  "SET disabled_optimizers = 'common_subplan'",
  "SET timezone = 'UTC'",
];

const version = process.env.BANKCRM_VERSION_FILE;
if (!version) {
  throw new Error('Set BANKCRM_VERSION_FILE to the DuckDB file that published/CURRENT names.');
}

module.exports = {
  schemaPath: 'model',
  telemetry: false,
  dbType: 'duckdb',
  driverFactory: () => ({
    type: 'duckdb',
    initSql: settings.join('; ').replace('VERSION', version.replaceAll("'", "''")),
  }),
  // Groups of the access policies, from the token that CUBEJS_API_SECRET signs.
  contextToGroups: ({ securityContext }) => securityContext?.groups ?? [],
  // One published version, one compiled model: a new version starts with an empty cache.
  contextToAppId: () => `bankcrm_${version}`,
  contextToOrchestratorId: () => `bankcrm_${version}`,
};
