import { checkDaemonLimits, checkEndpoint, daemonLimits, macaroonHex, toDaemonLimits } from "./daemon-variables";
import { boolean, filePath, port, text } from "./env-types";
import { defineSection } from "./parse-env";

const REQUIRED = ["LND_HOST", "LND_PORT", "LND_TLS_CERT"] as const;

/** lnd; undefined = not configured, so everything of Lightning is switched off. */
export const lndSection = defineSection({
  variables: {
    LND_HOST: text().optional(),
    LND_PORT: port().optional(),
    LND_TLS_CERT: filePath(),
    LND_TLS_CLIENT_CERT: filePath(),
    LND_TLS_CLIENT_KEY: filePath(),
    LND_TLS_SERVER_NAME: text().optional(),
    LND_MACAROON: filePath(),
    LND_MACAROON_HEX: macaroonHex(),
    LND_INVOICE_MACAROON: filePath(),
    LND_PAY_MACAROON: filePath(),
    LND_CHANNEL_MACAROON: filePath(),
    LIGHTNING_AUTO_START: boolean().default(true),
    ...daemonLimits,
  },
  check: (values, mode) => {
    const problems = checkDaemonLimits(values, mode);
    const hasMacaroon = values.LND_MACAROON !== undefined || values.LND_MACAROON_HEX !== undefined;
    const isNamed = hasMacaroon || REQUIRED.some((name) => values[name] !== undefined);
    if (mode.isProduction && (isNamed || values.LIGHTNING_AUTO_START)) {
      const why = "required in production while Lightning starts (LIGHTNING_AUTO_START)";
      problems.push(...REQUIRED.filter((name) => values[name] === undefined).map((name) => `${name}: ${why}`));
      if (!hasMacaroon) problems.push(`LND_MACAROON: ${why}`);
    }
    const endpoint = checkEndpoint("LND", {
      host: values.LND_HOST ?? "localhost",
      tlsCert: values.LND_TLS_CERT,
      tlsClientCert: values.LND_TLS_CLIENT_CERT,
      tlsClientKey: values.LND_TLS_CLIENT_KEY,
      macaroon: values.LND_MACAROON,
      macaroonHex: values.LND_MACAROON_HEX,
      allowPlaintext: values.GRPC_ALLOW_PLAINTEXT,
    });
    return [...problems, ...endpoint];
  },
  build: (values, mode) => {
    const { LND_HOST, LND_TLS_CERT, LND_MACAROON, LND_MACAROON_HEX } = values;
    if ([LND_HOST, LND_TLS_CERT, LND_MACAROON, LND_MACAROON_HEX].every((value) => value === undefined))
      return undefined;
    return {
      ...toDaemonLimits(values),
      network: mode.network,
      host: LND_HOST ?? "localhost",
      port: values.LND_PORT ?? 10_009,
      /** Paths; the files are read again when they change. */
      tlsCertFile: LND_TLS_CERT,
      tlsClientCertFile: values.LND_TLS_CLIENT_CERT,
      tlsClientKeyFile: values.LND_TLS_CLIENT_KEY,
      tlsServerName: values.LND_TLS_SERVER_NAME,
      macaroonFile: LND_MACAROON,
      macaroonHex: LND_MACAROON_HEX,
      /** A role without a file of its own uses the macaroon above. */
      roleMacaroonFiles: {
        invoice: values.LND_INVOICE_MACAROON,
        pay: values.LND_PAY_MACAROON,
        channel: values.LND_CHANNEL_MACAROON,
      },
      maxReplyBytes: values.GRPC_MAX_REPLY_LENGTH,
    };
  },
});
