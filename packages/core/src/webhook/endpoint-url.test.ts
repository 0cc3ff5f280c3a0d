import { thrownBy } from "../testing/thrown-by";
import { parseEndpointUrl } from "./endpoint-url";

const PRODUCTION = { allowHttp: false, allowPrivate: false };
const DEVELOPMENT = { allowHttp: true, allowPrivate: true };

describe("the URL of a webhook endpoint", () => {
  it("is https to a public name or address, on any port", () => {
    expect(parseEndpointUrl("https://solver.example/hooks?a=1", PRODUCTION)).toBe("https://solver.example/hooks?a=1");
    expect(parseEndpointUrl("https://1.1.1.1:8443", PRODUCTION)).toBe("https://1.1.1.1:8443/");
    expect(parseEndpointUrl("https://[2606:4700:4700::1111]/", PRODUCTION)).toBe("https://[2606:4700:4700::1111]/");
  });

  it("may be plain http to this machine where that is allowed", () => {
    expect(parseEndpointUrl("http://127.0.0.1:9000/hooks", DEVELOPMENT)).toBe("http://127.0.0.1:9000/hooks");
    expect(parseEndpointUrl("http://localhost:9000", DEVELOPMENT)).toBe("http://localhost:9000/");
  });

  it.each([
    ["no URL", "solver.example/hooks"],
    ["plain http", "http://solver.example/"],
    ["another scheme", "ftp://solver.example/"],
    ["a file", "file:///etc/passwd"],
    ["credentials", "https://user:password@solver.example/"],
    ["a fragment", "https://solver.example/#x"],
    ["loopback", "https://127.0.0.1/"],
    ["loopback as one number", "https://2130706433/"],
    ["loopback as hex", "https://0x7f.1/"],
    ["loopback as octal", "https://0177.0.0.1/"],
    ["loopback with a dot behind", "https://127.0.0.1./"],
    ["IPv6 loopback", "https://[::1]/"],
    ["loopback in IPv6", "https://[::ffff:127.0.0.1]/"],
    ["cloud metadata", "https://169.254.169.254/latest/meta-data/"],
    ["a private range", "https://10.1.2.3/"],
    ["localhost", "https://localhost/"],
    ["localhost with a dot behind", "https://localhost./"],
    ["a name under localhost", "https://redis.localhost/"],
    ["a bare name", "https://mariadb/"],
    ["a cluster name", "https://arkd.default.svc.cluster.internal/"],
    ["too long a text", `https://solver.example/${"a".repeat(2_048)}`],
  ])("is refused in production with %s", (_, url) => {
    const error = thrownBy(() => parseEndpointUrl(url, PRODUCTION));
    expect(error.code).toBe("webhook_url_refused");
    expect(error.errors).toEqual([expect.objectContaining({ path: "url" })]);
  });

  it("never carries credentials, in development neither", () => {
    expect(thrownBy(() => parseEndpointUrl("http://a:b@localhost/", DEVELOPMENT)).code).toBe("webhook_url_refused");
  });
});
