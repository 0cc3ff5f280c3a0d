import path from "node:path";

import { appEnvironment } from "./app-environment.mjs";
import { appService, devnetService, listProcesses } from "./app-services.mjs";
import { checkDatabasePins } from "./check-database-pins.mjs";
import { DATABASE_NAME, startDatabases } from "./databases.mjs";
import { createPortPicker } from "./free-port.mjs";
import { fundInventory } from "./fund-inventory.mjs";
import { readJsonFile, writeJsonFile } from "./json-file.mjs";
import { ROOT } from "./paths.mjs";
import { cleanEnvironment, mustRun } from "./run-command.mjs";
import { loadSecrets, xOnlyPubkey } from "./secrets.mjs";

/**
 * Brings up databases, schema, devnet and our processes, in this order.
 * @param options {port, auth, relays?, feeVtxoCount?, replicas?}
 * @returns the content of stack.json, but for pids and logs
 */
export async function startStack({ supervisor, paths, print, options }) {
  const pickPort = createPortPicker(print);
  const secrets = loadSecrets(paths.secrets);
  const databases = await startDatabases({
    supervisor,
    paths,
    pickPort,
    print,
    ports: { mariadb: 33_306, redis: 36_379 },
    user: { name: "arkrelay", password: secrets.DATABASE_PASSWORD },
    databaseName: DATABASE_NAME,
    userGrants: [
      `CREATE DATABASE IF NOT EXISTS ${DATABASE_NAME}`,
      `GRANT ALL ON ${DATABASE_NAME}.* TO 'arkrelay'@'127.0.0.1'`,
    ],
    isDurable: true,
  });
  await migrate(databases.databaseUrl, print);
  const devnet = await startDevnet({ supervisor, paths, pickPort, print });
  await checkDatabasePins({ databaseUrl: databases.databaseUrl, signerPubkey: devnet.signer_pubkey });
  // Before the processes start, so that their first look at arkd finds it.
  await fundInventory({
    controlUrl: devnet.control_url,
    walletSeed: secrets.GATEWAY_WALLET_SEED,
    print,
    feeVtxoCount: options.feeVtxoCount,
  });
  const processes = listProcesses(options);
  const ports = await pickAppPorts(pickPort, options.port, processes);
  const stack = describeStack({ databases, devnet, ports, secrets, relays: options.relays });
  const env = appEnvironment({
    stack,
    secrets,
    devnet,
    auth: options.auth,
    apiPort: ports.api,
  });
  await startApps({ supervisor, print, processes, ports, env });
  return stack;
}

/** Writes stack.json with the pids and logs of this moment. */
export function writeStackFile(paths, stack, supervisor) {
  const full = { ...stack, pids: supervisor.pids(), logs: supervisor.logs() };
  writeJsonFile(paths.stack, full);
  return full;
}

async function migrate(databaseUrl, print) {
  const env = cleanEnvironment({
    NODE_ENV: "development",
    DATABASE_URL: databaseUrl,
    DATABASE_MIGRATE_URL: databaseUrl,
  });
  await mustRun("The database migration", process.execPath, [path.join(ROOT, "packages/db/dist/migrate.js")], { env });
  print("database schema is current");
}

async function startDevnet({ supervisor, paths, pickPort, print }) {
  const ports = {
    "control-port": await pickPort("devnet control API", 8090),
    "arkd-port": await pickPort("arkd", 7070),
    "arkd-admin-port": await pickPort("arkd admin", 7071),
    "lnd-port": await pickPort("lnd", 10009),
    "tapd-port": await pickPort("tapd", 10029),
    "relay-port": await pickPort("Nostr relay", 7777),
  };
  await supervisor.start(devnetService({ paths, ports }));
  print("devnet is up: arkd, lnd, tapd and a Nostr relay");
  return readJsonFile(paths.devnetFile);
}

async function pickAppPorts(pickPort, wantedApiPort, processes) {
  const ports = { api: await pickPort("api", wantedApiPort), metrics: {} };
  for (const { name, metricsPort } of processes) ports.metrics[name] = await pickPort(`${name} metrics`, metricsPort);
  return ports;
}

async function startApps({ supervisor, print, processes, ports, env }) {
  await Promise.all(
    processes.map(async ({ name, app }) => {
      await supervisor.start(appService({ name, app, metricsPort: ports.metrics[name], env }));
      print(`${name} is ready`);
    }),
  );
}

function describeStack({ databases, devnet, ports, secrets, relays = [] }) {
  const metricsUrl = (name) => `http://127.0.0.1:${ports.metrics[name]}/metrics`;
  const { grpc, rest, tls_cert: tlsCert } = devnet.arkd;
  const apiUrl = `http://127.0.0.1:${ports.api}`;
  return {
    version: readJsonFile(path.join(ROOT, "package.json")).version,
    api_url: apiUrl,
    docs_url: `${apiUrl}/docs`,
    admin_key: secrets.ADMIN_API_KEY,
    gateway_pubkey: xOnlyPubkey(secrets.NOSTR_PRIVATE_KEY),
    relay_urls: [devnet.relay_url, ...relays],
    control_url: devnet.control_url,
    database_url: databases.databaseUrl,
    redis_url: databases.redisUrl,
    metrics: {
      api: metricsUrl("api"),
      worker: metricsUrl("worker"),
      scheduler: metricsUrl("scheduler"),
      services_runner: metricsUrl("services-runner"),
    },
    arkd: { grpc, rest, ...(tlsCert === undefined ? {} : { tls_cert: tlsCert }) },
    lnd: { grpc: devnet.lnd.grpc, tls_cert: devnet.lnd.tls_cert, macaroon: devnet.lnd.macaroon },
    tapd: { grpc: devnet.tapd.grpc, tls_cert: devnet.tapd.tls_cert, macaroon: devnet.tapd.macaroon },
  };
}
