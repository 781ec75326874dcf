import { table } from '../../../src/sdk/define.ts';
import { integer, json, text } from '../../../src/sdk/fields.ts';
import { listing } from '../listing.ts';
import { whole } from '../scans.ts';

const permissions = json('What they may do: roleName, roleId, resources, labels');

export const users = table({
  name: 'users',
  docs: 'Segment Public API: List Users',
  documentedKey: ['id'],
  key: ['id'],
  method: 'full_table',
  fields: {
    id: text('User id'),
    name: text('Name'),
    email: text('E-mail address'),
    permissions,
  },
  ...whole(listing('/users', 'users')),
  deletes: 'scan',
});

export const groups = table({
  name: 'groups',
  docs: 'Segment Public API: List User Groups',
  documentedKey: ['id'],
  key: ['id'],
  method: 'full_table',
  fields: {
    id: text('Group id'),
    name: text('Name'),
    member_count: integer('Members'),
    permissions,
  },
  ...whole(listing('/groups', 'userGroups')),
  deletes: 'scan',
});
