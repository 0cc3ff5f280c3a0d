import { checkDaemonLimits, checkEndpoint, daemonLimits, macaroonHex, toDaemonLimits } from "./daemon-variables";
import { filePath, port, text } from "./env-types";
import { defineSection } from "./parse-env";

const REQUIRED = ["TAPD_HOST", "TAPD_PORT", "TAPD_TLS_CERT"] as const;

/** tapd, which may be lnd's own address where both run in one process; undefined = not configured. */
export const tapdSection = defineSection({
  variables: {
    TAPD_HOST: text().optional(),
    TAPD_PORT: port().optional(),
    TAPD_TLS_CERT: filePath(),
    TAPD_TLS_CLIENT_CERT: filePath(),
    TAPD_TLS_CLIENT_KEY: filePath(),
    TAPD_TLS_SERVER_NAME: text().optional(),
    TAPD_MACAROON: filePath(),
    TAPD_MACAROON_HEX: macaroonHex(),
    ...daemonLimits,
  },
  check: (values, mode) => {
    const problems = checkDaemonLimits(values, mode);
    const hasMacaroon = values.TAPD_MACAROON !== undefined || values.TAPD_MACAROON_HEX !== undefined;
    const isNamed = hasMacaroon || REQUIRED.some((name) => values[name] !== undefined);
    if (mode.isProduction && isNamed) {
      const why = "required in production once tapd is configured";
      problems.push(...REQUIRED.filter((name) => values[name] === undefined).map((name) => `${name}: ${why}`));
      if (!hasMacaroon) problems.push(`TAPD_MACAROON: ${why}`);
    }
    const endpoint = checkEndpoint("TAPD", {
      host: values.TAPD_HOST ?? "localhost",
      tlsCert: values.TAPD_TLS_CERT,
      tlsClientCert: values.TAPD_TLS_CLIENT_CERT,
      tlsClientKey: values.TAPD_TLS_CLIENT_KEY,
      macaroon: values.TAPD_MACAROON,
      macaroonHex: values.TAPD_MACAROON_HEX,
      allowPlaintext: values.GRPC_ALLOW_PLAINTEXT,
    });
    return [...problems, ...endpoint];
  },
  build: (values, mode) => {
    const { TAPD_HOST, TAPD_TLS_CERT, TAPD_MACAROON, TAPD_MACAROON_HEX } = values;
    if ([TAPD_HOST, TAPD_TLS_CERT, TAPD_MACAROON, TAPD_MACAROON_HEX].every((value) => value === undefined))
      return undefined;
    return {
      ...toDaemonLimits(values),
      network: mode.network,
      host: TAPD_HOST ?? "localhost",
      port: values.TAPD_PORT ?? 10_029,
      /** Paths; the files are read again when they change. */
      tlsCertFile: TAPD_TLS_CERT,
      tlsClientCertFile: values.TAPD_TLS_CLIENT_CERT,
      tlsClientKeyFile: values.TAPD_TLS_CLIENT_KEY,
      tlsServerName: values.TAPD_TLS_SERVER_NAME,
      macaroonFile: TAPD_MACAROON,
      macaroonHex: TAPD_MACAROON_HEX,
      maxReplyBytes: values.GRPC_MAX_REPLY_LENGTH,
    };
  },
});
