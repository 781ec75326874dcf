/**
 * Where a file sink puts a topic's files: the one place both its file name template and the loads that read the files come from.
 */

/** Folder of a topic's files below the bucket or container, with a slash at its end. */
export function folderOf(prefix: string, topic: string): string {
  return `${prefix}/${topic}/`;
}

/**
 * `file.name.template` of Aiven's file sinks: a day's folder, then partition and first offset. The prefix stands in here, because their S3
 * sink ignores the template as soon as `aws.s3.prefix` is set (3.4.2, S3SinkConfig.usesFileNameTemplate, line 228), and the Blob sink's
 * key for it differs between releases.
 */
export function fileNameTemplate(prefix: string): string {
  const day = ['yyyy', 'MM', 'dd'].map((unit) => `{{timestamp:unit=${unit}}}`).join('/');
  return `${folderOf(prefix, '{{topic}}')}${day}/{{partition}}-{{start_offset:padding=true}}.jsonl.gz`;
}
