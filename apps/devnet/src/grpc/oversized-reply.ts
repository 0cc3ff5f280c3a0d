import type { ServiceDefinition } from "@grpc/grpc-js";

/** A field number no message of lnd or tapd has: decoders skip what it holds. */
const PADDING_FIELD = 19_998;
const LENGTH_DELIMITED = 2;

const paddings = new WeakMap<object, number>();

/** Makes a reply this much longer on the wire without changing what it says. */
export function padReply(reply: unknown, bytes: number): void {
  if (typeof reply === "object" && reply !== null) paddings.set(reply, bytes);
}

/** A service whose replies are padded where `padReply` has asked for it. */
export function withPaddedReplies<S extends ServiceDefinition>(service: S): S {
  const methods = Object.entries(service).map(([name, method]) => {
    const responseSerialize = (value: unknown): Buffer => {
      const bytes = method.responseSerialize(value);
      const padding = typeof value === "object" && value !== null ? paddings.get(value) : undefined;
      return padding === undefined ? bytes : Buffer.concat([bytes, paddingField(padding)]);
    };
    return [name, { ...method, responseSerialize }] as const;
  });
  // Every method is there, with its own types: only what serialises its reply was wrapped.
  return Object.fromEntries(methods) as unknown as S;
}

function paddingField(bytes: number): Buffer {
  return Buffer.concat([varint(PADDING_FIELD * 8 + LENGTH_DELIMITED), varint(bytes), Buffer.alloc(bytes)]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return Buffer.from([...bytes, rest]);
}
