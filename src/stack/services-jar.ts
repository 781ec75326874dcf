import { crc32 } from 'node:zlib';

/** 1980-01-01, the first date of the format: equal services give equal bytes. */
const DATE = 0x0021;
const VERSION = 20;

/** A jar of service manifests: the classes by the interface they implement. Its entries are stored uncompressed. */
export function servicesJar(services: Readonly<Record<string, readonly string[]>>): Buffer {
  const entries: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [service, classes] of Object.entries(services)) {
    const name = Buffer.from(`META-INF/services/${service}`);
    const content = Buffer.from(classes.map((one) => `${one}\n`).join(''));
    // Both kinds of header share the fields from the version needed to the length of the extra field.
    const shared = Buffer.alloc(26);
    shared.writeUInt16LE(VERSION, 0);
    shared.writeUInt16LE(DATE, 8);
    shared.writeUInt32LE(crc32(content), 10);
    shared.writeUInt32LE(content.length, 14);
    shared.writeUInt32LE(content.length, 18);
    shared.writeUInt16LE(name.length, 22);
    const entry = Buffer.concat([Buffer.from('PK\x03\x04'), shared, name, content]);
    const madeBy = Buffer.alloc(2);
    madeBy.writeUInt16LE(VERSION);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02'), madeBy, shared, rest, name]));
    entries.push(entry);
    offset += entry.length;
  }
  const listing = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(entries.length, 4);
  end.writeUInt16LE(entries.length, 6);
  end.writeUInt32LE(listing.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...entries, listing, Buffer.from('PK\x05\x06'), end]);
}
