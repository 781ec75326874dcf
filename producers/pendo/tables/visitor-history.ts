import type { Json, Row } from '../../../src/core/types.ts';
import { table } from '../../../src/sdk/define.ts';
import { integer, text, timestamp } from '../../../src/sdk/fields.ts';
import { readHistory } from '../history.ts';
import { fieldsHash } from '../../../src/sdk/merge-rows.ts';

const OBJECT = ['pageId', 'featureId', 'guideStepId', 'guideId', 'trackTypeId', 'untaggedUrl', 'uri'];
const DIMENSIONS = ['guideId', 'guideStepId', 'parsedUserAgent', 'uri'];

const lastOf = (row: Row): Json | undefined =>
  typeof row.lastTs === 'number' && typeof row.ts === 'number' ? Math.max(row.ts, row.lastTs) : row.ts;

export const visitorHistory = table({
  name: 'visitor_history',
  docs: 'Pendo Engage API: visitor history',
  documentedKey: ['visitor_id'],
  key: ['visitor_id', 'ts', 'type', 'app_id', 'object_id', 'dimension_hash'],
  keyReason: 'By the visitor alone one activity of each would stay.',
  method: 'incremental',
  replicationKey: 'modified_ts',
  fields: {
    visitor_id: text('Visitor'),
    ts: timestamp('Begin of the activity').epoch('ms'),
    type: text('page, feature, guide and others').orWhenMissing(''),
    app_id: integer('App').orWhenMissing(0),
    object_id: text('Page, feature, guide step, guide, track type or address')
      .of((row) => OBJECT.map((field) => row[field]).find((id) => typeof id === 'string' && id !== ''))
      .orWhenMissing(''),
    dimension_hash: text('Hash of guide, browser and address').of((row) => fieldsHash(row, DIMENSIONS)),
    last_ts: timestamp('End of the activity').epoch('ms'),
    modified_ts: timestamp('The later of ts and last_ts').epoch('ms').of(lastOf),
    duration: integer('Duration; the vendor names no unit'),
    uri: text('Address'),
    untagged_url: text('Address of a page without a tag'),
    page_id: text('Page'),
    feature_id: text('Feature'),
    guide_id: text('Guide'),
    guide_step_id: text('Step of the guide'),
    parsed_user_agent_name: text('Browser').from('parsedUserAgent.name'),
    parsed_user_agent_version: text('Version of the browser').from('parsedUserAgent.version'),
    parsed_user_agent_os: text('Operating system').from('parsedUserAgent.os'),
  },
  newer: (a, b) => Number(a.lastTs ?? 0) - Number(b.lastTs ?? 0),
  read: readHistory,
  deletes: 'none',
});
