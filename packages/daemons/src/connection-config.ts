/** What a macaroon may do: lnd's least-privilege files. Without one of its own a role uses the endpoint's macaroon. */
export type MacaroonRole = "invoice" | "pay" | "channel";

/** How a daemon is reached. Files are paths, read at every (re)connect. */
export interface DaemonEndpoint {
  readonly host: string;
  readonly port: number;
  /** CA or self-signed certificate; undefined = system roots. */
  readonly tlsCertFile: string | undefined;
  readonly tlsClientCertFile: string | undefined;
  readonly tlsClientKeyFile: string | undefined;
  /** Name to expect in the certificate, when it is not the host. */
  readonly tlsServerName: string | undefined;
  readonly macaroonFile: string | undefined;
  readonly macaroonHex: string | undefined;
  readonly roleMacaroonFiles?: Readonly<Partial<Record<MacaroonRole, string | undefined>>>;
  /** Plaintext to a loopback host that has no certificate file. Development only. */
  readonly allowPlaintext: boolean;
  readonly maxRequestBytes: number;
  readonly maxReplyBytes: number;
  readonly keepaliveMs: number;
  readonly keepaliveTimeoutMs: number;
}

/** The limits on calls to one daemon. */
export interface CallLimits {
  /** Deadline of every unary call. */
  readonly timeoutMs: number;
  /** Retries of a read after its first attempt. */
  readonly retryAttemptsMax: number;
  readonly retryDelayMs: number;
  readonly retryDelayMsMax: number;
  /** Transport failures in a row that open the breaker. */
  readonly breakerThreshold: number;
  /** How long it stays open before one probe is let through. */
  readonly breakerTimeoutMs: number;
}
