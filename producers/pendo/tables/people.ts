import { asObject, printed } from '../../../src/sdk/readers/resume.ts';
import { table } from '../../../src/sdk/define.ts';
import { boolean, integer, json, text } from '../../../src/sdk/fields.ts';
import type { Row } from '../../../src/core/types.ts';
import type { TableDefinition } from '../../../src/core/table.ts';
import { instant } from './object-columns.ts';
import { customFieldColumns } from './custom-fields.ts';
import { readPeople } from '../people.ts';
import type { PendoSettings } from '../settings.ts';

const GROUPS = ['auto', 'agent', 'custom', 'pendo'];

/** Metadata groups without a column of their own are collected under `other`. */
function metadataShape(row: Row): Row {
  const metadata = asObject(row.metadata);
  if (metadata === undefined) return row;
  const groups = Object.entries(metadata);
  const other = groups.filter(([name]) => !GROUPS.includes(name));
  return {
    ...row,
    metadata: {
      ...Object.fromEntries(groups.filter(([name]) => GROUPS.includes(name))),
      ...(other.length === 0 ? {} : { other: Object.fromEntries(other) }),
    },
  };
}

/** Metadata that the vendor itself sets on a visitor or account. */
const autoColumns = {
  lastupdated: instant('When it last changed').from('metadata.auto.lastupdated'),
  metadata_auto_id: text('Id').from('metadata.auto.id'),
  metadata_auto_idhash: integer('Hash of the id, 32 bits unsigned').from('metadata.auto.idhash'),
  metadata_auto_firstvisit: instant('First visit').from('metadata.auto.firstvisit'),
  metadata_auto_lastvisit: instant('Last visit').from('metadata.auto.lastvisit'),
  metadata_auto_lastupdated: instant('Same as lastupdated').from('metadata.auto.lastupdated'),
  metadata_auto_nid: integer('Numeric id').from('metadata.auto.nid'),
};

/** Metadata groups whose fields the users of Pendo define. */
const metadataColumns = {
  metadata_agent: json('Fields the snippet sets').from('metadata.agent'),
  metadata_custom: json('Custom fields').from('metadata.custom'),
  metadata_pendo: json('Fields of Pendo').from('metadata.pendo'),
  metadata_other: json('All other groups by name, those per app among them').from('metadata.other'),
};

export const accounts = ({ custom_fields: custom }: PendoSettings): TableDefinition =>
  table({
    name: 'accounts',
    docs: 'Pendo Engage API: aggregation over accounts',
    documentedKey: ['account_id'],
    key: ['account_id'],
    method: 'incremental',
    replicationKey: 'lastupdated',
    history: false,
    fields: {
      account_id: text('Account id'),
      ...autoColumns,
      ...metadataColumns,
      ...customFieldColumns(custom.accounts),
    },
    shape: metadataShape,
    read: readPeople({ source: 'accounts', id: 'accountId', parameters: (api) => ({ appId: api.appId }) }),
    deletes: 'scan',
    absentScans: 2,
  }) as TableDefinition;

export const visitors = ({ custom_fields: custom }: PendoSettings): TableDefinition =>
  table({
    name: 'visitors',
    docs: 'Pendo Engage API: aggregation over visitors',
    documentedKey: ['visitor_id'],
    key: ['visitor_id'],
    method: 'incremental',
    replicationKey: 'lastupdated',
    history: false,
    fields: {
      visitor_id: text('Visitor id'),
      ...autoColumns,
      metadata_auto_accountid: text('Latest account').from('metadata.auto.accountid'),
      metadata_auto_accountids: json('Accounts').from('metadata.auto.accountids'),
      metadata_auto_createdat: instant('When it was made').from('metadata.auto.createdat'),
      metadata_auto_firstidentifiedvisit: instant('First visit under its id').from('metadata.auto.firstidentifiedvisit'),
      metadata_auto_lastbrowsername: text('Browser of the last visit').from('metadata.auto.lastbrowsername'),
      metadata_auto_lastbrowserversion: text('Its version').from('metadata.auto.lastbrowserversion'),
      metadata_auto_lastoperatingsystem: text('Operating system of the last visit').from('metadata.auto.lastoperatingsystem'),
      metadata_auto_lastservername: text('Host of the last visit').from('metadata.auto.lastservername'),
      metadata_auto_lastuseragent: text('User agent of the last visit').from('metadata.auto.lastuseragent'),
      metadata_agent_email: text('E-mail address the snippet sets').from('metadata.agent.email'),
      metadata_agent_ipaddress: text('Address the snippet sets').from('metadata.agent.ipaddress'),
      metadata_agent_language: text('Language the snippet sets').from('metadata.agent.language'),
      ...metadataColumns,
      do_not_process: boolean('Whether events of the visitor are dropped').from('metadata.pendo.donotprocess'),
      is_anonymous: boolean('Whether the visitor was never identified').of((row) => printed(row.visitorId ?? '').startsWith('_PENDO_T_')),
      ...customFieldColumns(custom.visitors),
    },
    shape: metadataShape,
    // Visitors belong to the subscription, not to an app.
    read: readPeople({
      source: 'visitors',
      id: 'visitorId',
      parameters: (api) => ({ identified: !api.settings.include_anonymous_visitors }),
    }),
    deletes: 'scan',
    absentScans: 2,
  }) as TableDefinition;
