import { TributaryError } from '../../src/errors.ts';
import { list } from '../../src/extract/list.ts';
import { asObject, asText } from '../../src/extract/resume.ts';
import type { JsonObject, Reader, Row } from '../../src/extract/types.ts';
import { filter, limit, quoted, sort, source } from './aggregation.ts';
import { aggregated } from './api.ts';
import type { PendoApi } from './api.ts';

/** Features, pages and the like: whole, by id. Only an answer without rows is the end: a short one may have been cut. */
export function readObjects(name: string, size = 1_000): Reader<PendoApi> {
  return list<PendoApi>(async (api, { cursor }, signal) => {
    const after = asText(cursor);
    const rows = await aggregated(api, name, [
      source(name, { appId: api.appId }), sort('id'), ...(after === undefined ? [] : [filter(`id > ${quoted(after)}`)]), limit(Math.min(size, api.settings.record_limit)),
    ], signal);
    return { rows, next: asText(rows.at(-1)?.id) };
  });
}

/** The fields that metadata of accounts or visitors may have: one row each. */
export function readSchema(of: 'account' | 'visitor'): Reader<PendoApi> {
  const path = `/api/v1/metadata/schema/${of}`;
  return list<PendoApi>(async (api, _ask, signal) => {
    const { body } = await api.http.get(path, { endpoint: path, bucket: 'default', signal });
    const groups = asObject(body);
    if (groups === undefined) {
      throw new TributaryError(`Pendo's answer to GET ${path} holds no groups of fields.`, { kind: 'data', code: 'pendo:no_groups', remedy: 'Nothing was deleted. The next run asks again; check base_url if it stays.' });
    }
    return { rows: Object.entries(groups).flatMap(([group, fields]) => fieldsOf(group, asObject(fields))) };
  });
}

const fieldsOf = (group: string, fields: JsonObject = {}): Row[] => Object.entries(fields).map(([field, descriptor]) => ({ ...asObject(descriptor), group, field }));
