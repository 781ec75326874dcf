import { table } from '../../../src/sdk/define.ts';
import { boolean, json, text } from '../../../src/sdk/fields.ts';
import { groupColumns, instant, objectColumns, objectShape } from '../columns.ts';
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
    app_ids: json('Apps it belongs to'),
    page_id: text('Page it is on'),
    app_wide: boolean('Whether it counts on every page'),
    valid_through: instant('Until when its events are counted'),
    is_suggested: boolean('Whether it was suggested'),
    suggested_match: text('Suggested rule'),
    element_path_rules: json('Rules that find the element'),
    element_selection_type: text('How the element was chosen'),
    element_initial_tag: text('Tag of the element'),
    event_property_configurations: json('Event properties'),
  },
  shape: objectShape,
  read: readObjects('features'),
  deletes: 'scan',
  absentScans: 2,
});
