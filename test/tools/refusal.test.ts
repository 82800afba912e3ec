import { refusalOfGo, refusalOfPip } from "./refusal";

const source = "github.com/hashicorp/terraform-provider-aws@v1.60.1";
const zip = "https://proxy.example/github.com/hashicorp/terraform-provider-aws/@v/v1.60.1.zip";

describe("refusalOfGo", () => {
  it.each([
    `${source}: reading ${zip}: 403 Forbidden`,
    `${source}: reading ${zip}: 404 Not Found`,
    `${source}: reading ${zip}: 410 Gone`,
    `${source}: reading ${zip}: 451 Unavailable For Legal Reasons`,
    `${source}: Get "${zip}": dial tcp 192.0.2.1:443: connect: connection refused`,
    `${source}: Get "${zip}": dial tcp: lookup proxy.example on 192.0.2.53:53: no such host`,
    "\tfatal: unable to access 'https://github.com/hashicorp/x/': Could not resolve host: github.com",
    "\tfatal: unable to access 'https://github.com/hashicorp/x/': The requested URL returned error: 403",
  ])("is the line %s", (line) => {
    expect(refusalOfGo(`go: downloading ${source}\n${line}\n`)).toBe(line.trim());
  });

  it.each([
    ["a proxy at fault", `${source}: reading ${zip}: 500 Internal Server Error`],
    ["a timeout", `${source}: Get "${zip}": dial tcp 192.0.2.1:443: i/o timeout`],
    ["a checksum", `verifying ${source}: checksum mismatch`],
    ["a compile error", "./main.go:7:2: undefined: http.StatusText // 404 Not Found"],
    ["a build that was killed", "/usr/local/go/pkg/tool/compile: signal: killed"],
    ["nothing", ""],
  ])("is nothing for %s", (_what, stderr) => {
    expect(refusalOfGo(stderr)).toBeUndefined();
  });

  it("is nothing when another source is at fault after one that refused", () => {
    const lines = [`${source}: reading ${zip}: 404 Not Found`, `b@v1: reading ${zip}: 502 Bad`];
    expect(refusalOfGo(lines.join("\n"))).toBeUndefined();
  });
});

describe("refusalOfPip", () => {
  const page = "https://pypi.example/simple/moto/";
  const none = [
    "ERROR: Could not find a version that satisfies the requirement moto==5.2.5 (from versions: none)",
    "ERROR: No matching distribution found for moto==5.2.5",
  ];
  const log = (...lines: string[]) =>
    lines.map((line) => `2026-01-01T00:00:00,0 ${line}`).join("\n");

  it.each([
    `Could not fetch URL ${page}: 403 Client Error: Forbidden for url: ${page} - skipping`,
    `Could not fetch URL ${page}: 404 Client Error: Not Found for url: ${page} - skipping`,
    `Could not fetch URL ${page}: connection error: Max retries exceeded (Caused by NewConnectionError('Failed to establish a new connection: [Errno 111] Connection refused')) - skipping`,
    `Could not fetch URL ${page}: connection error: Max retries exceeded (Caused by NewConnectionError('Failed to establish a new connection: [Errno -2] Name or service not known')) - skipping`,
  ])("is the line %s", (line) => {
    expect(refusalOfPip(log(line, ...none))).toContain(line);
  });

  it("is the error of a file that is refused", () => {
    const line = "ERROR: HTTP error 403 while getting https://files.example/moto-5.2.5.whl";
    expect(refusalOfPip(log(line))).toContain(line);
  });

  it.each([
    [
      "an index at fault",
      [
        `Could not fetch URL ${page}: Max retries exceeded with url: /simple/moto/ (Caused by ResponseError('too many 500 error responses')) - skipping`,
        ...none,
      ],
    ],
    [
      "a timeout",
      [`Could not fetch URL ${page}: connection error: Read timed out. - skipping`, ...none],
    ],
    ["no build for this machine", none],
    [
      "a hash that differs",
      [
        `Could not fetch URL ${page}: 404 Client Error: Not Found for url: ${page} - skipping`,
        "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.",
      ],
    ],
  ])("is nothing for %s", (_what, lines) => {
    expect(refusalOfPip(log(...lines))).toBeUndefined();
  });
});
