import { table } from '../../../src/sdk/define.ts';
import { boolean, json, text } from '../../../src/sdk/fields.ts';
import { OWN_MARKS, groupColumns, objectColumns, objectShape, tagColumns, validThrough } from './object-columns.ts';
import { readObjects } from '../objects.ts';

export const pages = table({
  name: 'pages',
  docs: 'Pendo Engage API: aggregation over pages',
  documentedKey: ['id'],
  key: ['id'],
  method: 'full_table',
  fields: {
    ...objectColumns,
    ...groupColumns,
    rules: json('Rules that find the page'),
    exclude_rules: json('Rules of what is not the page'),
    ...tagColumns,
    ...validThrough,
    is_auto_tagged: boolean('Whether it was tagged without a person'),
    is_suggested: boolean('Whether it was suggested'),
    suggested_name: text('Suggested name'),
  },
  ignore: OWN_MARKS,
  shape: objectShape,
  read: readObjects('pages'),
  deletes: 'scan',
  absentScans: 2,
});
