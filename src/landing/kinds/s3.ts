import { fileNameTemplate } from '../files.ts';
import type { S3Landing } from '../settings.ts';
import type { Kind } from './kind.ts';

export const s3: Kind = {
  dialect: undefined,
  longestSuffix: '',
  connector: () => ['s3/connector.json', 'common/append.json'],
  sql: () => [],
  values(landing) {
    const { bucket, region, prefix, access_key_ref, secret_key_ref } = landing.settings as S3Landing;
    return {
      bucket,
      region,
      file_name_template: fileNameTemplate(prefix),
      access_key: `\${${access_key_ref}}`,
      secret_key: `\${${secret_key_ref}}`,
    };
  },
  sqlValues: () => ({}),
  connectionValues: () => ({}),
  tableValues: () => ({}),
  extraConfig(landing, tables, config) {
    const { endpoint } = landing.settings as S3Landing;
    const added: Record<string, string> = endpoint === undefined ? {} : { 'aws.s3.endpoint': endpoint };
    // Otherwise a date would be written as a number of days, which COPY does not read as a date. Kafka's converter uses the
    // Julian calendar before 15 October 1582, so earlier dates are off by days (see the README).
    const dates = tables.flatMap((table) =>
      table.columns.filter((column) => column.type === 'date').map((column) => ({ topic: table.topic, column: column.name })),
    );
    dates.forEach(({ topic, column }, index) => {
      const name = `date${index}`;
      Object.assign(added, {
        [`transforms.${name}.type`]: 'org.apache.kafka.connect.transforms.TimestampConverter$Value',
        [`transforms.${name}.field`]: column,
        [`transforms.${name}.target.type`]: 'string',
        [`transforms.${name}.format`]: 'yyyy-MM-dd',
        [`transforms.${name}.predicate`]: `of_${name}`,
        [`predicates.of_${name}.type`]: 'org.apache.kafka.connect.transforms.predicates.TopicNameMatches',
        [`predicates.of_${name}.pattern`]: topic.replaceAll('.', '\\.'),
      });
    });
    if (dates.length > 0) {
      added['transforms'] = [config['transforms'], ...dates.map((_, index) => `date${index}`)].join(',');
      added['predicates'] = [config['predicates'], ...dates.map((_, index) => `of_date${index}`)].join(',');
    }
    return added;
  },
};
