/**
 * Whether a delivery may connect to an IP address: only what is routed on the public internet. The ranges are the IANA
 * special-purpose registries (RFC 6890 and its updates) and multicast; a form that is not understood is not public.
 */
export function isPublicAddress(address: string): boolean {
  const v4 = parseIpv4(address);
  if (v4 !== undefined) return !isInAny(v4, IPV4_RESERVED);
  const v6 = parseIpv6(address);
  if (v6 === undefined) return false;
  const embedded = embeddedIpv4(v6);
  if (embedded !== undefined) return !isInAny(embedded, IPV4_RESERVED);
  // Only 2000::/3 is given out; of it what is special is left out.
  return isIn(v6, GLOBAL_UNICAST) && !isInAny(v6, IPV6_RESERVED);
}

/** Whether a URL's host is an address and not a name. IPv6 stands in brackets there. */
export function addressOfHost(host: string): string | undefined {
  const bare = host.startsWith("[") && host.endsWith("]") ? host.slice(1, -1) : host;
  return parseIpv4(bare) === undefined && parseIpv6(bare) === undefined ? undefined : bare;
}

type Bytes = readonly number[];

interface Range {
  readonly bytes: Bytes;
  readonly bits: number;
}

const IPV4_RESERVED: readonly Range[] = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
].map(toRange);

const GLOBAL_UNICAST = toRange("2000::/3");

/** Inside 2000::/3: protocol assignments with Teredo, documentation, SRv6. */
const IPV6_RESERVED: readonly Range[] = ["2001::/23", "2001:db8::/32", "3fff::/20"].map(toRange);

/** IPv4 in IPv6 clothes reaches the IPv4 host: mapped, translated (RFC 6052), 6to4. */
const IPV4_IN_IPV6: readonly (readonly [range: Range, offset: number])[] = [
  [toRange("::ffff:0:0/96"), 12],
  [toRange("64:ff9b::/96"), 12],
  [toRange("2002::/16"), 2],
];

function embeddedIpv4(v6: Bytes): Bytes | undefined {
  const found = IPV4_IN_IPV6.find(([range]) => isIn(v6, range));
  return found === undefined ? undefined : v6.slice(found[1], found[1] + 4);
}

function isInAny(address: Bytes, ranges: readonly Range[]): boolean {
  return ranges.some((range) => isIn(address, range));
}

function isIn(address: Bytes, { bytes, bits }: Range): boolean {
  return address.every((byte, index) => {
    const covered = Math.min(Math.max(bits - index * 8, 0), 8);
    const mask = (0xff << (8 - covered)) & 0xff;
    return (byte & mask) === ((bytes[index] ?? 0) & mask);
  });
}

function toRange(text: string): Range {
  const [address = "", bits = ""] = text.split("/");
  return { bytes: parseIpv4(address) ?? parseIpv6(address) ?? [], bits: Number(bits) };
}

/** Four decimal numbers; the older forms (octal, one number) are written out by the URL parser before they come here. */
function parseIpv4(text: string): Bytes | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part))) return undefined;
  const bytes = parts.map(Number);
  return bytes.every((byte) => byte <= 255) ? bytes : undefined;
}

/** RFC 4291 text, with `::` and a dotted tail; a zone (`%eth0`) is never public. */
function parseIpv6(text: string): Bytes | undefined {
  const tail = /^(.*:)(\d{1,3}(?:\.\d{1,3}){3})$/.exec(text);
  const v4 = tail?.[2] === undefined ? undefined : parseIpv4(tail[2]);
  if (tail !== null && v4 === undefined) return undefined;
  const plain = v4 === undefined ? text : `${tail?.[1] ?? ""}${wordOf(v4, 0)}:${wordOf(v4, 2)}`;
  const halves = plain.split("::");
  if (halves.length > 2) return undefined;
  const [head = [], rest = []] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const missing = 8 - head.length - rest.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const words = [...head, ...Array.from({ length: halves.length === 1 ? 0 : missing }, () => "0"), ...rest];
  if (!words.every((word) => /^[0-9a-f]{1,4}$/i.test(word))) return undefined;
  return words.flatMap((word) => [Number.parseInt(word, 16) >> 8, Number.parseInt(word, 16) & 0xff]);
}

function wordOf(bytes: Bytes, at: number): string {
  return (((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)).toString(16);
}
