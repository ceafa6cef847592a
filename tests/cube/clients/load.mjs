// Ask the server with the official client and print what a pivot table would show.
// Usage: node load.mjs <api url> <token> <query as JSON>
import cube from '@cubejs-client/core';

const [apiUrl, token, text] = process.argv.slice(2);
const query = JSON.parse(text);
const api = cube(token, { apiUrl });
const [time] = query.timeDimensions;
const pivot = {
  x: [`${time.dimension}.${time.granularity}`],
  y: [...query.dimensions, 'measures'],
};

const resultSet = await api.load(query);
const compact = await api.load(query, {}, undefined, 'compact');
const columnar = await api.load(query, {}, undefined, 'columnar');
const meta = await api.meta();
const sql = await api.sql(query);
const refused = await api.load({ measures: ['balances.deposit_end_balence'] }).then(
  () => null,
  (error) => ({ message: error.message, status: error.status }),
);

console.log(
  JSON.stringify({
    pivot: resultSet.tablePivot(pivot),
    table: resultSet.tablePivot(),
    raw: resultSet.rawData(),
    compact: compact.rawData(),
    columnar: columnar.rawData(),
    views: meta.cubes.map((view) => view.name),
    sql: sql.sql(),
    refused,
  }),
);
