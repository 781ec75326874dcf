import { table } from '../../../src/sdk/define.ts';
import { boolean, json, text } from '../../../src/sdk/fields.ts';
import { OWN_MARKS, groupColumns, objectColumns, objectShape, tagColumns, validThrough } from './object-columns.ts';
import { readObjects } from '../objects.ts';

export const features = table({
  name: 'features',
  docs: 'Pendo Engage API: aggregation over features',
  documentedKey: ['id'],
  key: ['id'],
  method: 'full_table',
  fields: {
    ...objectColumns,
    ...groupColumns,
    page_id: text('Page it is on'),
    app_wide: boolean('Whether it counts on every page'),
    ...validThrough,
    is_suggested: boolean('Whether it was suggested'),
    suggested_match: text('Suggested rule'),
    element_path_rules: json('Rules that find the element'),
    element_selection_type: text('How the element was chosen'),
    element_initial_tag: text('Tag of the element'),
    event_property_configurations: json('Event properties'),
    created_designer_version: text('Version of the designer it was made with'),
    ...tagColumns,
  },
  ignore: OWN_MARKS,
  shape: objectShape,
  read: readObjects('features'),
  deletes: 'scan',
  absentScans: 2,
});
