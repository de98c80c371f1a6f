/**
 * Writes DER (ITU-T X.690), as much of it as a certificate needs.
 *
 * @module
 */

type Der = Uint8Array<ArrayBuffer>;

/** A value of any kind: tag, length, content. */
export function bytes(tag: number, ...contents: readonly Uint8Array[]): Der {
  const content = contents.flatMap((each) => [...each]);
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return new Uint8Array([tag, ...size, ...content]);
}

/** SEQUENCE */
export const list = (...items: readonly Uint8Array[]): Der => bytes(0x30, ...items);

/** SET */
export const set = (...items: readonly Uint8Array[]): Der => bytes(0x31, ...items);

/** A value under a tag of its own. */
export const explicit = (tag: number, item: Uint8Array): Der => bytes(0xa0 | tag, item);

/** BOOLEAN */
export const flag = (value: boolean): Der => bytes(0x01, new Uint8Array([value ? 0xff : 0]));

/** UTF8String */
export const text = (value: string): Der => bytes(0x0c, new TextEncoder().encode(value));

/** BIT STRING, whose last `unused` bits don't count. */
export const bits = (content: Uint8Array, unused = 0): Der => bytes(0x03, new Uint8Array([unused]), content);

/** INTEGER, above zero and of the fewest bytes: a leading one bit would make it negative. */
export function integer(value: Uint8Array): Der {
  const first = value.findIndex((byte) => byte !== 0);
  const digits = value.slice(first < 0 ? value.length : first);
  return (digits[0] ?? 0x80) & 0x80 ? bytes(0x02, new Uint8Array([0]), digits) : bytes(0x02, digits);
}

/** OBJECT IDENTIFIER, from its dotted form. */
export function object(dotted: string): Der {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return bytes(0x06, new Uint8Array([first * 40 + second, ...rest.flatMap(base128)]));
}

function base128(value: number): number[] {
  const digits = [value & 0x7f];
  for (let left = value >> 7; left > 0; left >>= 7) digits.unshift((left & 0x7f) | 0x80);
  return digits;
}

/** UTCTime, to the second: as X.509 has it until 2050 (RFC 5280 §4.1.2.5). */
export function time(milliseconds: number): Der {
  const [date, clock] = new Date(milliseconds).toISOString().replace(/^\d\d|[-:]|\.\d+/g, "").split("T");
  return bytes(0x17, new TextEncoder().encode(date! + clock!));
}
