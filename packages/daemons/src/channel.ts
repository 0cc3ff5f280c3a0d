import { readFileSync } from "node:fs";

import { Channel, type ChannelCredentials, type ChannelOptions, credentials } from "@grpc/grpc-js";

import type { DaemonEndpoint, MacaroonRole } from "./connection-config";

const LOOPBACK_HOSTS: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "::1"]);

/** After a lost connection: dial again at once, then more slowly, so that a restart of the daemon is noticed within seconds. */
const RECONNECT_MS = { first: 100, max: 5_000 };

/** What the endpoint's files held when they were read; equal strings = nothing changed. */
export interface EndpointSecrets {
  readonly tlsCert: Buffer | undefined;
  readonly tlsClientCert: Buffer | undefined;
  readonly tlsClientKey: Buffer | undefined;
  readonly macaroonHex: string | undefined;
  /** Hex. */
  readonly roleMacaroons: Readonly<Partial<Record<MacaroonRole, string>>>;
}

export function readSecrets(endpoint: DaemonEndpoint): EndpointSecrets {
  return {
    tlsCert: readOptional(endpoint.tlsCertFile),
    tlsClientCert: readOptional(endpoint.tlsClientCertFile),
    tlsClientKey: readOptional(endpoint.tlsClientKeyFile),
    macaroonHex: endpoint.macaroonHex ?? readOptional(endpoint.macaroonFile)?.toString("hex"),
    roleMacaroons: readRoleMacaroons(endpoint),
  };
}

function readRoleMacaroons({ roleMacaroonFiles = {} }: DaemonEndpoint): Partial<Record<MacaroonRole, string>> {
  return Object.fromEntries(
    Object.entries(roleMacaroonFiles).flatMap(([role, file]) =>
      file === undefined ? [] : [[role, readFileSync(file).toString("hex")]],
    ),
  );
}

export function isSameSecrets(a: EndpointSecrets, b: EndpointSecrets): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** One HTTP/2 connection for all clients of a daemon. It dials when it is first used. */
export function openChannel(endpoint: DaemonEndpoint, secrets: EndpointSecrets): Channel {
  const host = endpoint.host.includes(":") ? `[${endpoint.host}]` : endpoint.host;
  return new Channel(`${host}:${endpoint.port}`, toCredentials(endpoint, secrets), toOptions(endpoint));
}

/** TLS always; the one exception needs a loopback host, no certificate file and the development switch. */
export function isPlaintext(endpoint: DaemonEndpoint): boolean {
  return endpoint.allowPlaintext && LOOPBACK_HOSTS.has(endpoint.host) && endpoint.tlsCertFile === undefined;
}

function toCredentials(endpoint: DaemonEndpoint, secrets: EndpointSecrets): ChannelCredentials {
  if (isPlaintext(endpoint)) return credentials.createInsecure();
  return credentials.createSsl(secrets.tlsCert ?? null, secrets.tlsClientKey ?? null, secrets.tlsClientCert ?? null);
}

function toOptions(endpoint: DaemonEndpoint): ChannelOptions {
  const options: ChannelOptions = {
    "grpc.keepalive_time_ms": endpoint.keepaliveMs,
    "grpc.keepalive_timeout_ms": endpoint.keepaliveTimeoutMs,
    // lnd answers pings on a connection without calls with GOAWAY "too_many_pings".
    "grpc.keepalive_permit_without_calls": 0,
    "grpc.max_send_message_length": endpoint.maxRequestBytes,
    "grpc.max_receive_message_length": endpoint.maxReplyBytes,
    "grpc.initial_reconnect_backoff_ms": RECONNECT_MS.first,
    "grpc.max_reconnect_backoff_ms": RECONNECT_MS.max,
    // The library must never send a write a second time on its own account.
    "grpc.enable_retries": 0,
    // Daemons are neighbours: a proxy named in the environment is for other traffic.
    "grpc.enable_http_proxy": 0,
    // A channel of its own: reconnect() has to dial anew, not find the connection it wants to replace.
    "grpc.use_local_subchannel_pool": 1,
  };
  if (endpoint.tlsServerName === undefined) return options;
  return {
    ...options,
    "grpc.ssl_target_name_override": endpoint.tlsServerName,
    "grpc.default_authority": endpoint.tlsServerName,
  };
}

function readOptional(file: string | undefined): Buffer | undefined {
  return file === undefined ? undefined : readFileSync(file);
}
