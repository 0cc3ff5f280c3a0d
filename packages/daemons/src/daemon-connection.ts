import { type Channel, type Client, type ClientUnaryCall, connectivityState, Metadata } from "@grpc/grpc-js";

import { earliest, notAfterOf } from "./certificate-expiry";
import { type EndpointSecrets, isSameSecrets, openChannel, readSecrets } from "./channel";
import type { DaemonEndpoint, MacaroonRole } from "./connection-config";

export type Clients = Readonly<Record<string, Client>>;

/** Makes the typed clients over the one channel (`channelOverride`). */
export type OpenClients<C extends Clients> = (address: string, channel: Channel) => C;

export type ConnectionState = "idle" | "connecting" | "ready" | "failing" | "closed";

/** A daemon behind a CA may change its certificate without a change of our file. */
const CERTIFICATE_AGE_MS = 60_000;

const STATES: Readonly<Record<connectivityState, ConnectionState>> = {
  [connectivityState.IDLE]: "idle",
  [connectivityState.CONNECTING]: "connecting",
  [connectivityState.READY]: "ready",
  [connectivityState.TRANSIENT_FAILURE]: "failing",
  [connectivityState.SHUTDOWN]: "closed",
};

/** The channel to one daemon with the credentials it was opened with, replaced as a whole. */
export class DaemonConnection<C extends Clients> {
  private secrets: EndpointSecrets;
  private channel: Channel;
  private opened: C;
  private replaced = new AbortController();
  /** Of the daemon's certificate as it was last shown; before that the file says it, which may hold a CA's instead. */
  private shownExpiresAt: Date | undefined;
  private lookedAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly endpoint: DaemonEndpoint,
    private readonly openClients: OpenClients<C>,
  ) {
    this.secrets = readSecrets(endpoint);
    this.channel = openChannel(endpoint, this.secrets);
    this.opened = openClients(this.channel.getTarget(), this.channel);
  }

  get clients(): C {
    return this.opened;
  }

  get state(): ConnectionState {
    return STATES[this.channel.getConnectivityState(false)];
  }

  /** Of the daemon's certificate or our own, whichever ends first. */
  get certificateExpiresAt(): Date | undefined {
    const { tlsCert, tlsClientCert } = this.secrets;
    return earliest(this.shownExpiresAt ?? notAfterOf(tlsCert), notAfterOf(tlsClientCert));
  }

  /** Remembers the certificate that a finished call met; taking it apart costs more than a call, so not every time. */
  noteCertificate(call: Pick<ClientUnaryCall, "getAuthContext">): void {
    if (performance.now() - this.lookedAtMs < CERTIFICATE_AGE_MS) return;
    this.lookedAtMs = performance.now();
    const notAfter = call.getAuthContext()?.sslPeerCertificate?.valid_to;
    if (notAfter !== undefined) this.shownExpiresAt = new Date(notAfter);
  }

  /** Fires when the channel that is in use now is replaced or closed: streams on it have to end. */
  get whileOpen(): AbortSignal {
    return this.replaced.signal;
  }

  /** With the macaroon of the role; without one of its own a role uses the endpoint's. */
  metadata(extra: Metadata | undefined, role: MacaroonRole | undefined): Metadata {
    const metadata = extra?.clone() ?? new Metadata();
    const { macaroonHex, roleMacaroons } = this.secrets;
    const macaroon = (role === undefined ? undefined : roleMacaroons[role]) ?? macaroonHex;
    if (macaroon !== undefined) metadata.set("macaroon", macaroon);
    return metadata;
  }

  /** Reads certificates and macaroons again and dials anew. Throws, and keeps what it has, when they cannot be read. */
  reopen(): void {
    this.replaceBy(readSecrets(this.endpoint));
  }

  /** Whether they had changed, so that there is a new channel. Throws as `reopen`. */
  reopenIfSecretsChanged(): boolean {
    const secrets = readSecrets(this.endpoint);
    if (isSameSecrets(this.secrets, secrets)) return false;
    this.replaceBy(secrets);
    return true;
  }

  close(): void {
    this.replaced.abort();
    this.channel.close();
  }

  private replaceBy(secrets: EndpointSecrets): void {
    const { channel, replaced } = this;
    this.channel = openChannel(this.endpoint, secrets);
    this.secrets = secrets;
    this.shownExpiresAt = undefined;
    this.lookedAtMs = Number.NEGATIVE_INFINITY;
    this.opened = this.openClients(this.channel.getTarget(), this.channel);
    this.replaced = new AbortController();
    replaced.abort();
    // Unary calls under way end by themselves: cancelling a write would make its outcome unknown for nothing.
    channel.close();
  }
}
