import { isoMillis, MINUTE } from '../../../src/core/time.ts';
import { incremental } from '../../../src/sdk/readers/incremental.ts';
import type { IncrementalAsk } from '../../../src/sdk/readers/incremental.ts';
import { instantOf } from '../../../src/core/time.ts';
import type { Row } from '../../../src/core/types.ts';
import { table } from '../../../src/sdk/define.ts';
import { text, timestamp } from '../../../src/sdk/fields.ts';
import type { SegmentApi } from '../api.ts';
import { listing } from '../listing.ts';

const happened = (row: Row): number | null => instantOf(row.timestamp);

const between = listing<IncrementalAsk>('/audit-events', 'events', {
  single: true,
  // The vendor documents "after the start", so the request starts a millisecond earlier. A cursor includes the end of its
  // listing; an `endTime` sent with it would start the listing again.
  query: ({ after, before, cursor }) => ({
    ...(after === undefined ? {} : { startTime: isoMillis(after - 1) }),
    ...(cursor === undefined ? { endTime: isoMillis(before) } : {}),
  }),
  rows: (rows, { after }) => (after === undefined ? rows : rows.filter((row) => (happened(row) ?? after) >= after)),
});

export const auditEvents = table({
  name: 'audit_events',
  docs: 'Segment Public API: List Audit Events',
  documentedKey: ['id'],
  key: ['id'],
  method: 'incremental',
  replicationKey: 'timestamp',
  fields: {
    id: text('Event id'),
    timestamp: timestamp('When it happened'),
    type: text('What happened, e.g. Source Modified'),
    actor: text('User or API token that did it'),
    actor_email: text('E-mail address of the user; null for tokens'),
    resource_id: text('What it was done to'),
    resource_type: text('Kind of the resource'),
    resource_name: text('Name of the resource'),
  },
  read: incremental<SegmentApi>({
    call: between,
    by: happened,
    overlap: 15 * MINUTE,
    delay: 0,
    granularity: 1,
    limitedHistory: true,
    unordered: true,
  }),
  // Events leave the vendor's log after 90 days because they expire, not because they are deleted.
  deletes: 'none',
  schedule: '*/5 * * * *',
  planGated: 'Audit Trail (Business plan)',
});
