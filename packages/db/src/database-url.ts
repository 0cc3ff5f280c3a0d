/** Where a MariaDB is and who we are there. */
export interface DatabaseAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** Empty when the URL names none: only the test harness and set-up scripts connect so. */
  readonly database: string;
}

/** All three mean MariaDB; the last is what SQLAlchemy deployments already have in their environment. */
const SCHEMES: ReadonlySet<string> = new Set(["mysql:", "mariadb:", "mysql+pymysql:"]);

/**
 * Reads `mysql://user:password@host:3306/name` (user, password and name percent-encoded).
 * Throws an Error without the URL in its text, because the URL holds the password.
 */
export function parseDatabaseUrl(url: string): DatabaseAddress {
  if (!URL.canParse(url)) throw new Error("the database URL cannot be parsed");
  const parsed = new URL(url);
  if (!SCHEMES.has(parsed.protocol))
    throw new Error("the database URL must start with mysql://, mariadb:// or mysql+pymysql://");
  if (parsed.hostname === "") throw new Error("the database URL names no host");
  return {
    // URL keeps the brackets of an IPv6 literal, sockets do not want them.
    host: parsed.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: parsed.port === "" ? 3306 : Number(parsed.port),
    user: decodeURIComponent(parsed.username),
    password: decodeURIComponent(parsed.password),
    database: decodeURIComponent(parsed.pathname.replace(/^\//, "")),
  };
}
