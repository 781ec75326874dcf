/**
 * Where a file sink puts a topic's files. Both the sink's file name template and the SQL that loads the files use this module.
 */

/** Folder of a topic's files in the bucket or container, with a trailing slash. */
export function folderOf(prefix: string, topic: string): string {
  return `${prefix}/${topic}/`;
}

/**
 * `file.name.template` of Aiven's file sinks: a folder per day, then partition and first offset. The prefix is part of the
 * template, because the S3 sink ignores the template when `aws.s3.prefix` is set (3.4.2, S3SinkConfig.usesFileNameTemplate,
 * line 228), and the Blob sink's setting for it differs between releases.
 */
export function fileNameTemplate(prefix: string): string {
  const day = ['yyyy', 'MM', 'dd'].map((unit) => `{{timestamp:unit=${unit}}}`).join('/');
  return `${folderOf(prefix, '{{topic}}')}${day}/{{partition}}-{{start_offset:padding=true}}.jsonl.gz`;
}
