/**
 * `tributary/source`: what you need to write a source of your own; docs/sources.md shows how. Everything exported here is
 * public, and nothing else is.
 */
export { z } from 'zod';
export { TributaryError, type ErrorKind, type ErrorReach, type TributaryErrorOptions } from '../src/core/errors.ts';
export type { Json, JsonObject, Page, Position, ReadContext, Reader, Row, RunMode, ScanMark } from '../src/core/types.ts';
export type { DeleteRule, Field, FieldType, Fields, RecordOf, TableDefinition, TableRecord, VanishedVerdict } from '../src/core/table.ts';
export { asInstant, instantOf, isoMillis, isoSeconds, parseSpan, type InstantOptions } from '../src/core/time.ts';
export { parseJson } from '../src/core/json/parse.ts';
export { canonicalJson } from '../src/core/json/canonical.ts';
export { table } from '../src/sdk/define.ts';
export { boolean, date, integer, json, number, text, timestamp, type FieldBuilder, type TimestampBuilder } from '../src/sdk/fields.ts';
export type { ConnectEnvironment, Source } from '../src/sdk/source.ts';
export { listAt, nextAt, totalAt, unusable, valueAt, type Asked, type ListOptions, type NextPlace } from '../src/sdk/answers.ts';
export { statusOf } from '../src/sdk/http/client.ts';
export type {
  HttpAnswer,
  HttpClient,
  HttpFactory,
  HttpOptions,
  HttpResponse,
  Query,
  RequestOptions,
  StreamOptions,
  Verdict,
} from '../src/sdk/http/client.ts';
export type { BucketRule, BudgetRules, QuotaReport, RateWindow } from '../src/sdk/http/budget.ts';
export { withKeyProof } from '../src/sdk/http/known-key.ts';
export { details, type DetailsOptions } from '../src/sdk/readers/details.ts';
export { fanOut, type FanOutOptions } from '../src/sdk/readers/fan-out.ts';
export { fullScan } from '../src/sdk/readers/full-scan.ts';
export { incremental, type IncrementalAsk, type IncrementalOptions } from '../src/sdk/readers/incremental.ts';
export { monthly, type MonthAsk, type MonthlyOptions } from '../src/sdk/readers/monthly.ts';
export { paged, type PagedOptions, type Paging } from '../src/sdk/readers/paged.ts';
export { END, type Cursor, type FetchPage, type ListingPage } from '../src/sdk/readers/paginate.ts';
export { phases, type Phase } from '../src/sdk/readers/phases.ts';
export { asNumber, asObject, asText } from '../src/sdk/readers/resume.ts';
export { windows, type Tier, type WindowAsk, type WindowsOptions } from '../src/sdk/readers/windows.ts';
