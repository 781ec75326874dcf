import { table } from '../../../src/sdk/define.ts';
import { json, text } from '../../../src/sdk/fields.ts';
import { OWN_MARKS, groupColumns, objectColumns, objectShape, validThrough } from './object-columns.ts';
import { readObjects } from '../objects.ts';

export const trackTypes = table({
  name: 'track_types',
  docs: 'Pendo Engage API: aggregation over trackTypes',
  documentedKey: ['id'],
  key: ['id'],
  method: 'full_table',
  fields: {
    ...objectColumns,
    ...groupColumns,
    track_type_name: text('Name in the events'),
    track_type_rules: json('Names of events it takes'),
    rules: json('Rules that find the events'),
    event_property_name_list: json("Names of the events' properties"),
    ...validThrough,
  },
  ignore: OWN_MARKS,
  shape: objectShape,
  read: readObjects('trackTypes'),
  deletes: 'scan',
  absentScans: 2,
});
