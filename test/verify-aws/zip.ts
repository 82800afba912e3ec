import { crc32 } from "node:zlib";

// pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, sections 4.3.7, 4.3.12 and 4.3.16
const signatures = { file: 0x04034b50, entry: 0x02014b50, end: 0x06054b50 };
const version = 20;
/** 1 January 1980: the same files give the same archive. */
const date = (1 << 5) | 1;

/** A ZIP archive of texts, by their path in it, without compression. */
export function zip(texts: Record<string, string>): Buffer {
  const files = Object.entries(texts).map(([path, text]) => ({
    name: Buffer.from(path, "utf8"),
    data: Buffer.from(text, "utf8"),
  }));
  const [contents, entries]: [Buffer[], Buffer[]] = [[], []];
  let offset = 0;
  for (const { name, data } of files) {
    const described = description(name, data);
    const content = Buffer.concat([numbers([signatures.file, 4]), described, name, data]);
    const place = numbers([0, 2], [0, 2], [0, 2], [0, 4], [offset, 4]);
    entries.push(
      Buffer.concat([numbers([signatures.entry, 4], [version, 2]), described, place, name]),
    );
    contents.push(content);
    offset += content.length;
  }
  const directory = Buffer.concat(entries);
  const count = files.length;
  const end = numbers(
    [signatures.end, 4],
    [0, 4],
    [count, 2],
    [count, 2],
    [directory.length, 4],
    [offset, 4],
    [0, 2],
  );
  return Buffer.concat([...contents, directory, end]);
}

/** What the head of a file and its entry in the directory both say. */
function description(name: Buffer, data: Buffer): Buffer {
  return numbers(
    [version, 2],
    [0, 2],
    [0, 2],
    [0, 2],
    [date, 2],
    [crc32(data), 4],
    [data.length, 4],
    [data.length, 4],
    [name.length, 2],
    [0, 2],
  );
}

/** Numbers in little-endian order, each in so many bytes. */
function numbers(...values: [number, 2 | 4][]): Buffer {
  return Buffer.concat(
    values.map(([value, bytes]) => {
      const buffer = Buffer.alloc(bytes);
      buffer.writeUIntLE(value, 0, bytes);
      return buffer;
    }),
  );
}
