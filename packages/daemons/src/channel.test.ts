import { isPlaintext } from "./channel";
import type { DaemonEndpoint } from "./connection-config";

const endpoint: DaemonEndpoint = {
  host: "127.0.0.1",
  port: 7070,
  tlsCertFile: undefined,
  tlsClientCertFile: undefined,
  tlsClientKeyFile: undefined,
  tlsServerName: undefined,
  macaroonFile: undefined,
  macaroonHex: undefined,
  allowPlaintext: true,
  maxRequestBytes: 1,
  maxReplyBytes: 1,
  keepaliveMs: 1,
  keepaliveTimeoutMs: 1,
};

test.each(["127.0.0.1", "localhost", "::1"])("%s may be spoken to in plaintext when that is switched on", (host) => {
  expect(isPlaintext({ ...endpoint, host })).toBe(true);
});

test.each([
  ["without the switch", { allowPlaintext: false }],
  ["to another machine, switch or not", { host: "arkd.internal" }],
  ["to an address that only looks local", { host: "localhost.example.com" }],
  ["where a certificate is configured", { tlsCertFile: "/etc/arkd.pem" }],
])("TLS is used %s", (_when, change) => {
  expect(isPlaintext({ ...endpoint, ...change })).toBe(false);
});
