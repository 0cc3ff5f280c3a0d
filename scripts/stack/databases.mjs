import { mariadbService } from "./mariadb.mjs";
import { redisService } from "./redis.mjs";
import { StopWithSentence } from "./stop-with-sentence.mjs";
import { findServers } from "./system-packages.mjs";
import { takesConnections } from "./wait-until.mjs";

export const DATABASE_NAME = "arkrelay";
const DEFAULT_PORTS = { DATABASE_URL: 3306, REDIS_URL: 6379 };

/** Which servers are ours to start. */
export function neededServers() {
  return { mariadb: !process.env.DATABASE_URL, redis: !process.env.REDIS_URL };
}

/**
 * Private MariaDB and Redis, except where DATABASE_URL or REDIS_URL name one to use.
 * @param userGrants statements for the database user {name, password}
 * @returns {Promise<{databaseUrl: string, redisUrl: string}>}
 */
export async function startDatabases({
  supervisor,
  paths,
  pickPort,
  print,
  ports,
  user,
  databaseName,
  userGrants,
  isDurable,
}) {
  const needed = neededServers();
  const servers = await findServers(needed, print);
  const [databaseUrl, redisUrl] = await Promise.all([
    needed.mariadb ? startPrivateMariadb() : process.env.DATABASE_URL,
    needed.redis ? startPrivateRedis() : process.env.REDIS_URL,
  ]);
  return { databaseUrl, redisUrl };

  async function startPrivateMariadb() {
    const port = await pickPort("mariadb", ports.mariadb);
    const grants = [...createUser(user), ...userGrants];
    await supervisor.start(mariadbService({ servers, paths, port, isDurable, grants }));
    print(`mariadb is up on port ${port}`);
    return `mysql://${user.name}:${user.password}@127.0.0.1:${port}/${databaseName}`;
  }

  async function startPrivateRedis() {
    const port = await pickPort("redis", ports.redis);
    await supervisor.start(redisService({ servers, paths, port }));
    print(`redis is up on port ${port}`);
    return `redis://127.0.0.1:${port}/0`;
  }
}

/** A server that is not ours to start must be up: the first process to need it would say so in a hundred lines. */
export async function checkGivenServers() {
  for (const name of ["DATABASE_URL", "REDIS_URL"]) await mustAnswer(name);
}

async function mustAnswer(name) {
  const text = process.env[name] ?? "";
  // What is no URL at all is refused by the migration or the apps, which know the forms they take.
  if (!URL.canParse(text) || new URL(text).hostname === "") return;
  const url = new URL(text);
  const port = Number(url.port || DEFAULT_PORTS[name]);
  if (await takesConnections({ host: url.hostname.replace(/^\[|\]$/g, ""), port })) return;
  throw new StopWithSentence(
    `Nothing answers at ${name} (${url.hostname}:${port}). Start that server, or unset ${name} for a private one.`,
    69,
  );
}

/** The server takes connections from this machine only; its root is reachable through the socket alone. */
function createUser({ name, password }) {
  const account = `'${name}'@'127.0.0.1'`;
  return [
    `CREATE USER IF NOT EXISTS ${account} IDENTIFIED BY '${password}'`,
    `ALTER USER ${account} IDENTIFIED BY '${password}'`,
  ];
}
