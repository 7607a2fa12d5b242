const VARINT = 0;
const LENGTH_DELIMITED = 2;

/** A number as a field of a protobuf message. It is written even when it is 0: whether it is there may mean something. */
export function numberField(field: number, value: number): Buffer {
  return Buffer.from([...varint((field << 3) | VARINT), ...varint(value)]);
}

/** A text as a field of a protobuf message. */
export function textField(field: number, text: string): Buffer {
  return bytesField(field, Buffer.from(text));
}

/** Bytes, or an encoded message, as a field of a protobuf message. */
export function bytesField(field: number, ...parts: readonly Uint8Array[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.byteLength, 0);
  return Buffer.concat([Buffer.from([...varint((field << 3) | LENGTH_DELIMITED), ...varint(length)]), ...parts]);
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) bytes.push((rest & 0x7f) | 0x80);
  return [...bytes, rest];
}
