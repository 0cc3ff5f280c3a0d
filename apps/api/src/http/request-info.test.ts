import { parsePreferWait } from "./prefer-wait";
import { ipBucket } from "./request-info";

describe("ipBucket", () => {
  it.each([
    ["203.0.113.7", "203.0.113.7"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
    ["2001:db8:1:2::9", "2001:db8:1:2"],
    ["2001:db8::1", "2001:db8:0:0"],
    ["::1", "0:0:0:0"],
    ["fe80::1%eth0", "fe80:0:0:0"],
  ])("counts %s as %s", (ip, bucket) => {
    expect(ipBucket(ip)).toBe(bucket);
  });
});

describe("parsePreferWait", () => {
  it.each([
    ["wait=3", 3],
    ["respond-async, wait=5", 5],
    ["wait=60", 10],
    ["return=minimal", undefined],
    [undefined, undefined],
  ])("reads %s as %s", (header, seconds) => {
    expect(parsePreferWait(header)).toBe(seconds);
  });
});
