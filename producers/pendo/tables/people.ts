import { printed } from '../../../src/sdk/readers/resume.ts';
import { table } from '../../../src/sdk/define.ts';
import { boolean, json, text } from '../../../src/sdk/fields.ts';
import type { TableDefinition } from '../../../src/core/table.ts';
import { autoColumns, instant, metadataColumns, metadataShape } from '../columns.ts';
import { customColumns } from '../custom-fields.ts';
import { readPeople } from '../people.ts';
import type { PendoSettings } from '../settings.ts';

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
      ...customColumns(custom.accounts),
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
      ...customColumns(custom.visitors),
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
