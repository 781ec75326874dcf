import { checkedRows } from '../../src/core/checked-rows.ts';
import { unusable } from '../../src/sdk/answers.ts';
import { END } from '../../src/sdk/readers/paginate.ts';
import { fullScan } from '../../src/sdk/readers/full-scan.ts';
import { asObject } from '../../src/sdk/readers/resume.ts';
import type { Json, Reader, Row } from '../../src/core/types.ts';
import type { PendoApi } from './api.ts';
import { byId, inPages } from './listing.ts';

/** Reads objects such as features and pages completely, in the order of their ids. */
export const readObjects = (name: string, atMost = 1_000): Reader<PendoApi> =>
  inPages({ ...byId(name, 'id', ({ appId }) => ({ appId })), atMost, perPage: atMost / 10 }, fullScan);

/** Reads the metadata schema of accounts or visitors, one row per field. */
export function readSchema(of: 'account' | 'visitor'): Reader<PendoApi> {
  const path = `/api/v1/metadata/schema/${of}`;
  return fullScan<PendoApi>(async (api, _ask, signal) => {
    const { body } = await api.http.get(path, { endpoint: path, bucket: 'default', signal });
    const rows = fieldsIn(body);
    if (rows === undefined) throw unusable({ what: `GET ${path} of Pendo`, code: 'pendo:no_groups' }, 'holds no groups of fields');
    return { rows: checkedRows(rows), next: END };
  });
}

/**
 * The fields of all groups; a group without fields may be null. Undefined for anything that is not a schema, such as one
 * without a single field.
 */
function fieldsIn(body: Json): readonly Row[] | undefined {
  const rows: Row[] = [];
  for (const [group, fields] of Object.entries(asObject(body) ?? {})) {
    if (fields === null) continue;
    const described = asObject(fields);
    if (described === undefined) return undefined;
    for (const [field, descriptor] of Object.entries(described)) {
      const about = asObject(descriptor);
      if (about === undefined || typeof about.Type !== 'string') return undefined;
      rows.push({ ...about, group, field });
    }
  }
  return rows.length === 0 ? undefined : rows;
}
