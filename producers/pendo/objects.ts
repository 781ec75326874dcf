import { TributaryError } from '../../src/core/errors.ts';
import { END } from '../../src/sdk/readers/paginate.ts';
import { fullScan } from '../../src/sdk/readers/full-scan.ts';
import { asObject, asText } from '../../src/sdk/readers/resume.ts';
import type { JsonObject, Reader, Row } from '../../src/core/types.ts';
import { filter, quoted, sort, source } from './aggregation.ts';
import type { PendoApi } from './api.ts';
import { inPages } from './listing.ts';

/** Features, pages and the like: whole, by id. */
export function readObjects(name: string, atMost = 1_000): Reader<PendoApi> {
  return inPages(
    {
      name,
      atMost,
      perPage: atMost / 10,
      stages: (api, { cursor }) => [
        source(name, { appId: api.appId }),
        sort('id'),
        ...(typeof cursor === 'string' ? [filter(`id > ${quoted(cursor)}`)] : []),
      ],
      cursorOf: (row) => asText(row.id),
    },
    fullScan,
  );
}

/** The fields that metadata of accounts or visitors may have: one row each. */
export function readSchema(of: 'account' | 'visitor'): Reader<PendoApi> {
  const path = `/api/v1/metadata/schema/${of}`;
  return fullScan<PendoApi>(async (api, _ask, signal) => {
    const { body } = await api.http.get(path, { endpoint: path, bucket: 'default', signal });
    const groups = asObject(body);
    if (groups === undefined) {
      throw new TributaryError(`Pendo's answer to GET ${path} holds no groups of fields.`, {
        kind: 'data',
        code: 'pendo:no_groups',
        remedy: 'Nothing was deleted. The next run asks again; check base_url if it stays.',
      });
    }
    return { rows: Object.entries(groups).flatMap(([group, fields]) => fieldsOf(group, asObject(fields))), next: END };
  });
}

const fieldsOf = (group: string, fields: JsonObject = {}): Row[] =>
  Object.entries(fields).map(([field, descriptor]) => ({ ...asObject(descriptor), group, field }));
