import { table } from '../../../src/sdk/define.ts';
import { boolean, integer, json, text } from '../../../src/sdk/fields.ts';
import { OWN_MARKS, instant, objectColumns, objectShape } from './object-columns.ts';
import { readObjects } from '../objects.ts';

/** A guide may have a megabyte. */
const GUIDES_PER_REQUEST = 200;

export const guides = table({
  name: 'guides',
  docs: 'Pendo Engage API: aggregation over guides',
  documentedKey: ['id'],
  key: ['id'],
  method: 'full_table',
  fields: {
    ...objectColumns,
    state: text('draft, staged, public, disabled or _pendingReview_'),
    email_state: text('State of its e-mail'),
    launch_method: text('auto, badge, dom, api, or several joined with -'),
    editor_type: text('Editor it was made with'),
    authored_language: text('Language it was written in'),
    is_multi_step: boolean('Whether it has several steps'),
    is_training: boolean('Whether it is a training'),
    is_module: boolean('Whether it is a module'),
    is_top_level: boolean('Whether it is at the top level'),
    published_ever: boolean('Whether it was ever published'),
    published_at: instant('When it was published'),
    reset_at: instant('When it was reset'),
    expires_after: instant('When it expires'),
    shows_after: instant('From when it shows'),
    current_first_eligible_to_be_seen_at: instant('From when it could be seen'),
    recurrence: integer('Recurrence'),
    recurrence_eligibility_window: integer('Window of the recurrence'),
    attributes_type: text('Kind of layout').from('attributes.type'),
    attributes_device_type: text('Kind of device').from('attributes.device.type'),
    attributes_priority: integer('Priority').from('attributes.priority'),
    attributes: json('Attributes'),
    steps: json('Steps'),
    polls: json('Polls'),
    audience: json('Who sees it, as an aggregation'),
    audience_ui_hint: json('Who sees it, as the editor shows it'),
    dependent_metadata: json('Metadata it depends on'),
    conversion: json('What counts as its success'),
    experiment: json('The experiment it is part of'),
    children: json('Guides below it'),
    email_configuration: json('Settings of its e-mail'),
    min_agent_version: text('Oldest version of the agent that can show it'),
    origin_id: text('What it was made from'),
    resource_center_id: text('Resource centre it belongs to'),
    auto_create_feedback: boolean('Whether feedback is made of its answers'),
  },
  ignore: [...OWN_MARKS, 'validThrough'],
  shape: objectShape,
  read: readObjects('guides', GUIDES_PER_REQUEST),
  deletes: 'scan',
  absentScans: 2,
});
