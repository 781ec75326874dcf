/**
 * `tributary/consumer`: a table's topic as typed rows and deletes, read_committed. Everything that is exported here is
 * public (docs/sources.md says what that means), and nothing else is.
 *
 *     import { klaviyo, readTable, tableView } from 'tributary/consumer';
 *
 *     const where = { brokers: ['broker-1:9092'], registry: 'http://registry:8081' };
 *     for await (const change of readTable(klaviyo.profile, where)) {
 *       if (change.kind === 'upsert') console.log(change.row.email);
 *       else console.log('gone', change.key.id);
 *     }
 *
 *     const profiles = await tableView(klaviyo.profile, where);
 *     profiles.get({ id: '01H...' })?.email;
 */
export { TributaryError, type ErrorKind } from '../src/core/errors.ts';
export { parseJson } from '../src/core/json/parse.ts';
export type { Json, JsonObject } from '../src/core/types.ts';
export { readTable, type ReadTableOptions, type TableReader } from '../src/consumer/read-table.ts';
export { tableView, type TableView, type TableViewOptions } from '../src/consumer/table-view.ts';
export {
  tableRef,
  type Change,
  type ColumnValue,
  type ConsumeOptions,
  type Delete,
  type EngineColumns,
  type RowOf,
  type SavedOffsets,
  type TableRef,
  type Upsert,
} from '../src/consumer/types.ts';
export * from './tables/customer-io.ts';
export * from './tables/klaviyo.ts';
export * from './tables/listrak.ts';
export * from './tables/pendo.ts';
export * from './tables/segment.ts';
