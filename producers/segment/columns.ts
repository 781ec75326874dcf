import { asObject } from '../../src/sdk/readers/resume.ts';
import type { Row } from '../../src/core/types.ts';
import { json, text } from '../../src/sdk/fields.ts';
import type { FieldBuilder } from '../../src/sdk/fields.ts';
import type { SegmentSettings } from './settings.ts';

/** The settings that affect columns. */
export type ColumnSettings = Pick<SegmentSettings, 'secrets' | 'embed_metadata'>;

/** A JSON column that may hold credentials. */
export function secretJson(settings: ColumnSettings, doc: string): FieldBuilder<'json'> {
  return settings.secrets === 'include' ? json(doc) : json(doc).masked();
}

/** Columns of the catalog entry that a source, destination or warehouse repeats, and its parts to join by. */
export const catalogEntry = (table: string) => ({
  metadata: json(`Its entry in ${table}; with embed_metadata "ref" only id, name and slug`),
  metadata_id: text(`Id in ${table}`).from('metadata.id'),
  metadata_slug: text('Slug of the catalog entry').from('metadata.slug'),
  metadata_name: text('Name of the catalog entry').from('metadata.name'),
});

/** Removes from a row what the settings exclude: fields that hold secrets, and most of the catalog entry. */
export function wanted(settings: ColumnSettings, secretFields: readonly string[]): (row: Row) => Row {
  return (row) => {
    const kept = Object.fromEntries(Object.entries(row).filter(([name]) => settings.secrets !== 'omit' || !secretFields.includes(name)));
    const entry = asObject(row.metadata);
    if (settings.embed_metadata !== 'ref' || entry === undefined) return kept;
    const { id = null, name = null, slug = null } = entry;
    return { ...kept, metadata: { id, name, slug } };
  };
}
