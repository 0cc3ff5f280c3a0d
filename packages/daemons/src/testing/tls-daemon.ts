import { writeFileSync } from "node:fs";
import path from "node:path";

import {
  type Metadata,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { generate } from "selfsigned";

import type { CallLimits, DaemonEndpoint } from "../connection-config";

const DAY_MS = 86_400_000;

export interface CertificateOptions {
  readonly name?: string;
  /** Days from now; negative = long ago. */
  readonly expiresInDays?: number;
}

export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export async function makeCertificate({ name = "localhost", expiresInDays = 300 }: CertificateOptions = {}) {
  const { cert, private: key } = await generate([{ name: "commonName", value: name }], {
    keyType: "ec",
    notBeforeDate: new Date(Date.now() - 400 * DAY_MS),
    notAfterDate: new Date(Date.now() + expiresInDays * DAY_MS),
    extensions: [{ name: "subjectAltName", altNames: [{ type: 2, value: name }] }],
  });
  return { cert, key };
}

export interface Service {
  readonly definition: ServiceDefinition;
  readonly handlers: UntypedServiceImplementation;
}

/** A gRPC server in this process with a certificate that a test may change, like a daemon that is restarted. */
export class TlsDaemon {
  /** What clients trust. The server's own certificate until a test says otherwise. */
  readonly certFile: string;
  readonly macaroonFile: string;
  /** Metadata of every call that arrived, oldest first. */
  readonly arrived: Metadata[] = [];
  port = 0;
  private server: Server | undefined;

  constructor(
    private readonly folder: string,
    private readonly services: readonly Service[],
  ) {
    this.certFile = path.join(folder, "tls.cert");
    this.macaroonFile = path.join(folder, "admin.macaroon");
  }

  get endpoint(): DaemonEndpoint {
    return {
      host: "localhost",
      port: this.port,
      tlsCertFile: this.certFile,
      tlsClientCertFile: undefined,
      tlsClientKeyFile: undefined,
      tlsServerName: undefined,
      macaroonFile: this.macaroonFile,
      macaroonHex: undefined,
      allowPlaintext: false,
      maxRequestBytes: 4_194_304,
      maxReplyBytes: 209_715_200,
      keepaliveMs: 30_000,
      keepaliveTimeoutMs: 10_000,
    };
  }

  /** Small, so that tests take no time. */
  get limits(): CallLimits {
    return {
      timeoutMs: 2_000,
      retryAttemptsMax: 2,
      retryDelayMs: 1,
      retryDelayMsMax: 5,
      breakerThreshold: 50,
      breakerTimeoutMs: 60_000,
    };
  }

  writeMacaroon(hex: string): void {
    writeFileSync(this.macaroonFile, Buffer.from(hex, "hex"));
  }

  /** What `certFile` holds from now on. */
  trust(certificate: Certificate): void {
    writeFileSync(this.certFile, certificate.cert);
  }

  /** Listens on the port it had before, if any. With `clientCa` it wants a client certificate. */
  async start(certificate: Certificate, clientCa?: Certificate): Promise<void> {
    const server = new Server();
    for (const { definition, handlers } of this.services) server.addService(definition, this.watched(handlers));
    const credentials = ServerCredentials.createSsl(
      clientCa === undefined ? null : Buffer.from(clientCa.cert),
      [{ cert_chain: Buffer.from(certificate.cert), private_key: Buffer.from(certificate.key) }],
      clientCa !== undefined,
    );
    this.port = await new Promise<number>((resolve, reject) => {
      server.bindAsync(`localhost:${this.port}`, credentials, (error, port) =>
        error === null ? resolve(port) : reject(error),
      );
    });
    this.server = server;
  }

  stop(): void {
    this.server?.forceShutdown();
    this.server = undefined;
  }

  writeFile(name: string, content: string): string {
    const file = path.join(this.folder, name);
    writeFileSync(file, content);
    return file;
  }

  private watched(handlers: UntypedServiceImplementation): UntypedServiceImplementation {
    const watch = (handler: UntypedServiceImplementation[string]): UntypedServiceImplementation[string] =>
      ((call: { readonly metadata: Metadata }, ...rest: unknown[]) => {
        this.arrived.push(call.metadata);
        return (handler as unknown as (...args: unknown[]) => unknown)(call, ...rest);
      }) as UntypedServiceImplementation[string];
    return Object.fromEntries(Object.entries(handlers).map(([name, handler]) => [name, watch(handler)]));
  }
}
