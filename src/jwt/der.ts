/**
 * As much of DER (ITU-T X.690) as it takes to tell keys apart, and to write one in its plainest form.
 *
 * @module
 */

type Bytes = Uint8Array<ArrayBuffer>;

/** A value: its tag, its content, and the whole of it. */
export interface DerValue {
  readonly tag: number;
  readonly content: Bytes;
  readonly whole: Bytes;
}

/** Reads values in a row, one at a time. Throws a `RangeError` at one that is cut off. */
export function* readDer(der: Bytes): Generator<DerValue, undefined> {
  for (let at = 0; at < der.length;) {
    const [tag = 0, first = 0x80] = der.subarray(at, at + 2);
    const start = at + 2 + (first < 0x80 ? 0 : first - 0x80);
    let length = first < 0x80 ? first : 0;
    for (const byte of der.subarray(at + 2, start)) length = length * 256 + byte;
    const end = start + length;
    if (end > der.length) throw new RangeError("cut off");
    yield { tag, content: der.subarray(start, end), whole: der.subarray(at, end) };
    at = end;
  }
}

/** Writes a value of at most 65,535 bytes. */
export function writeDer(tag: number, ...parts: readonly Iterable<number>[]): Bytes {
  const content = parts.flatMap((part) => [...part]);
  const { length } = content;
  // The shortest form: parsers insist.
  const prefix = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return new Uint8Array([tag, ...prefix, ...content]);
}

/** Writes bytes in hexadecimal. */
export function toHex(bytes: Iterable<number>): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
