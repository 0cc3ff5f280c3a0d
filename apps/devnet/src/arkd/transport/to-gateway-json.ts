/**
 * A proto message as grpc-gateway prints it: int64 as strings, unset message fields as null, defaults written out, the case
 * of a oneof as a field of its own, bytes as base64. ts-proto's own toJSON leaves defaults out, which clients of arkd's REST
 * face do not expect.
 */
export function toGatewayJson(value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  if (value === undefined) return null;
  if (Array.isArray(value)) return value.map(toGatewayJson);
  if (Buffer.isBuffer(value)) return value.toString("base64");
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).flatMap(([name, field]) => toFields(name, field)));
}

function toFields(name: string, field: unknown): [string, unknown][] {
  if (isOneof(field)) return [[field.$case, toGatewayJson(field.value)]];
  // An unset oneof has no field at all; its name never reaches the wire. Unset messages do, as null.
  if (field === undefined && ONEOF_NAMES.has(name)) return [];
  return [[name, toGatewayJson(field)]];
}

const ONEOF_NAMES: ReadonlySet<string> = new Set(["event", "data", "auth", "identifier"]);

function isOneof(value: unknown): value is { readonly $case: string; readonly value: unknown } {
  return typeof value === "object" && value !== null && "$case" in value && typeof value.$case === "string";
}
