import { promisify } from 'node:util';
import zlib from 'node:zlib';
import kafkajs from 'kafkajs';
import { TributaryError } from '../core/errors.ts';
import type { Compression } from './types.ts';

interface Codec {
  compress(data: Buffer): Promise<Buffer>;
  decompress(data: Buffer): Promise<Buffer>;
}
type Loaded = 'snappy' | 'lz4' | 'zstd';

/*
 * kafkajs 2.2.4 knows these three only by number ("ZSTD compression not implemented") and looks them up in a table. They are
 * loaded with the first batch that needs them: two are native modules, and most clusters use none.
 */
const LOADERS: Readonly<Record<Loaded, () => Promise<Codec>>> = { snappy: loadSnappy, lz4: loadLz4, zstd: loadZstd };
const loaded = new Map<string, Promise<Codec>>();

/** @throws TributaryError `config` when the codec cannot be loaded on this machine. */
function load(name: Loaded): Promise<Codec> {
  let codec = loaded.get(name);
  if (codec === undefined) {
    codec = LOADERS[name]().catch((cause: unknown) => {
      throw new TributaryError(`The ${name} codec cannot be loaded on this machine.`, {
        kind: 'config',
        reach: 'connection',
        code: 'kafka:codec',
        detail: cause instanceof Error ? cause.message : String(cause),
        cause,
        remedy: `Install Tributary again with its optional packages (npm ci --include=optional), or use another compression than ${name}.`,
      });
    });
    loaded.set(name, codec);
  }
  return codec;
}

const isLoaded = (name: string): name is Loaded => Object.hasOwn(LOADERS, name);

/** Why batches with that compression can be neither written nor read here; undefined when they can. */
export async function codecFault(compression: string): Promise<string | undefined> {
  if (compression === 'none' || compression === 'uncompressed' || compression === 'gzip') return undefined;
  if (!isLoaded(compression)) return 'this client does not know it';
  try {
    await load(compression);
    return undefined;
  } catch (error) {
    return `its codec cannot be loaded on this machine (${(error as TributaryError).detail})`;
  }
}

/** kafkajs's number of a compression. */
export const compressionType = (compression: Compression): kafkajs.CompressionTypes =>
  ({ none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 })[compression];

/** Compresses records of a batch; they may not change until it is done. */
export type Compress = (records: Buffer) => Promise<Buffer>;

/** What compresses as a setting says; undefined when nothing is compressed. */
export const compressWith = (compression: Compression): Compress | undefined =>
  compression === 'none' ? undefined : compression === 'gzip' ? gzip.compress : lazily(compression).compress;

/** No record begins with it: it would have a length of -1. */
const MARK = Buffer.from([1]);

/** What kafkajs hands to {@link registerCodecs}'s codecs so that they leave it as it is: it compresses one batch after the other. */
export const markCompressed = (bytes: Buffer): Buffer => Buffer.concat([MARK, bytes]);

/** The interface that kafkajs expects: `compress` gets its encoder, `decompress` a buffer. */
const inKafkajs =
  ({ compress, decompress }: Codec) =>
  () => ({
    compress: ({ buffer }: { readonly buffer: Buffer }) =>
      buffer[0] === MARK[0] ? Promise.resolve(buffer.subarray(MARK.length)) : compress(buffer),
    decompress,
  });

const lazily = (name: Loaded): Codec => ({
  compress: async (data) => (await load(name)).compress(data),
  decompress: async (data) => (await load(name)).decompress(data),
});

/** Half the time of zlib's usual level, for a sixth more bytes; whoever reads gzip reads it. */
const GZIP_LEVEL = 1;
const gzipped = promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.gzip);
const unzip = promisify<Buffer, Buffer>(zlib.unzip);
const gzip: Codec = {
  // Each time its output has filled a piece, zlib waits for the event loop: most records take one piece.
  compress: (data) => gzipped(data, { level: GZIP_LEVEL, chunkSize: Math.max(LEAST_PIECE, data.length >> 2) }),
  decompress: (data) => unzip(data),
};
/** What zlib takes by itself, bytes. */
const LEAST_PIECE = 16 * 1024;

/** Registers, for the whole process, the codecs that kafkajs lacks, and gzip at our level. */
export function registerCodecs(): void {
  const { CompressionCodecs, CompressionTypes } = kafkajs;
  CompressionCodecs[CompressionTypes.GZIP] = inKafkajs(gzip);
  CompressionCodecs[CompressionTypes.Snappy] = inKafkajs(lazily('snappy'));
  CompressionCodecs[CompressionTypes.LZ4] = inKafkajs(lazily('lz4'));
  CompressionCodecs[CompressionTypes.ZSTD] = inKafkajs(lazily('zstd'));
}

/** Java's clients and brokers write snappy in the format of xerial's SnappyOutputStream: a header, then length and block in turn. */
const XERIAL = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0]);
/** After the magic bytes: version and oldest compatible version. */
const XERIAL_HEADER = Buffer.concat([XERIAL, Buffer.from([0, 0, 0, 1, 0, 0, 0, 1])]);

async function loadSnappy(): Promise<Codec> {
  const { compress, uncompress } = await import('snappy');
  const block = async (data: Buffer): Promise<Buffer> => Buffer.from(await uncompress(data, { asBuffer: true }));
  return {
    compress: async (data) => {
      const body = await compress(data);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(body.length);
      return Buffer.concat([XERIAL_HEADER, length, body]);
    },
    decompress: async (data) => {
      // Other clients, librdkafka among them, may write one plain block.
      if (!data.subarray(0, XERIAL.length).equals(XERIAL)) return block(data);
      const blocks: Buffer[] = [];
      for (let at = XERIAL_HEADER.length; at < data.length;) {
        const length = data.readUInt32BE(at);
        blocks.push(await block(data.subarray(at + 4, at + 4 + length)));
        at += 4 + length;
      }
      return Buffer.concat(blocks);
    },
  };
}

async function loadLz4(): Promise<Codec> {
  const { compressFrame, decompressFrame } = await import('lz4-napi');
  return { compress: (data) => compressFrame(data), decompress: (data) => decompressFrame(data) };
}

async function loadZstd(): Promise<Codec> {
  // Node supports it since 22.15; earlier versions use WebAssembly.
  const { zstdCompress, zstdDecompress } = zlib as { zstdCompress?: typeof zlib.deflate; zstdDecompress?: typeof zlib.inflate };
  if (zstdCompress !== undefined && zstdDecompress !== undefined) {
    return { compress: promisify<Buffer, Buffer>(zstdCompress), decompress: promisify<Buffer, Buffer>(zstdDecompress) };
  }
  const { Zstd } = await import('@hpcc-js/wasm-zstd');
  const zstd = await Zstd.load();
  return {
    compress: async (data) => Buffer.from(zstd.compress(data)),
    decompress: async (data) => Buffer.from(zstd.decompress(data)),
  };
}
