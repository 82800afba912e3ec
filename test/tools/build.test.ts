import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { findOnPath, isOlder, refusalOfInit, requiredGo, requiredVersion } from "./build";

const goMod = readFileSync(join(__dirname, "pulumi/go.mod"), "utf8");

describe("the engine's module", () => {
  it("pins engine and SDK at one version", () => {
    const versions = ["pkg", "sdk"].map((part) =>
      requiredVersion(goMod, `github.com/pulumi/pulumi/${part}/v3`),
    );
    expect(versions).toEqual(["v3.230.0", "v3.230.0"]);
  });

  it("asks for no newer Go than its dependencies do", () => {
    expect(requiredGo(goMod)).toBe("1.25.8");
  });

  it("has a checksum for the engine", () => {
    const goSum = readFileSync(join(__dirname, "pulumi/go.sum"), "utf8");
    expect(goSum).toMatch(/^github\.com\/pulumi\/pulumi\/pkg\/v3 v3\.230\.0 h1:/m);
  });
});

describe("the modules of OpenTofu and of the AWS provider", () => {
  const [tofu = "", provider = ""] = ["opentofu", "terraform-provider-aws"].map((folder) =>
    readFileSync(join(__dirname, folder, "go.mod"), "utf8"),
  );

  it("pin one version of each", () => {
    expect(requiredVersion(tofu, "github.com/opentofu/opentofu")).toBe("v1.12.6");
    expect(requiredVersion(provider, "github.com/hashicorp/terraform-provider-aws")).toBe(
      "v1.60.1-0.20260602190131-5f2286d6d836",
    );
  });

  it("have checksums for them", () => {
    const [ofTofu, ofProvider] = ["opentofu", "terraform-provider-aws"].map((folder) =>
      readFileSync(join(__dirname, folder, "go.sum"), "utf8"),
    );
    expect(ofTofu).toMatch(/^github\.com\/opentofu\/opentofu v1\.12\.6 h1:/m);
    expect(ofProvider).toMatch(
      /^github\.com\/hashicorp\/terraform-provider-aws v1\.60\.1-\S+ h1:/m,
    );
  });
});

describe("requiredVersion", () => {
  it("reads a requirement on a line of its own, and one in a block", () => {
    const text = "require a.example/x v1.2.3\n\nrequire (\n\tb.example/y v0.1.0 // indirect\n)\n";
    expect(["a.example/x", "b.example/y"].map((module) => requiredVersion(text, module))).toEqual([
      "v1.2.3",
      "v0.1.0",
    ]);
  });

  it("says what is missing", () => {
    expect(() => requiredVersion("go 1.25\n", "a.example/x")).toThrow(
      "go.mod must require a.example/x",
    );
  });
});

describe("isOlder", () => {
  it.each([
    ["1.24.9", "1.25.8", true],
    ["1.25.7", "1.25.8", true],
    ["1.25.8", "1.25.8", false],
    ["1.26", "1.25.8", false],
    ["1.25", "1.25.8", true],
    ["1.26.1-custom", "1.25.8", false],
    ["2.0", "1.25.8", false],
    ["1.9", "1.25.8", true],
    ["devel go1.27-abc", "1.25.8", false],
  ])("%s before %s: %s", (found, wanted, older) => {
    expect(isOlder(found, wanted)).toBe(older);
  });
});

describe("refusalOfInit", () => {
  let directory = "";
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "drawbridge-cli-"));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const cli = (...lines: string[]): string => {
    const file = join(directory, "tofu");
    writeFileSync(file, ["#!/bin/sh", ...lines].join("\n"));
    chmodSync(file, 0o755);
    return file;
  };

  it("is nothing when init gets the provider that the module asks for", async () => {
    const asks = `grep -q '"source":"hashicorp/aws","version":"6' main.tf.json`;
    expect(await refusalOfInit(cli(`[ "$1" = init ] && ${asks}`))).toBeUndefined();
  });

  it("is what the command said, in one line", async () => {
    const said = "printf '\\n│ Warning: w\\n│\\n│ Error: no registry\\n│   at all\\n╵\\n' >&2";
    expect(await refusalOfInit(cli(said, "exit 1"))).toBe("Error: no registry at all");
  });
});

describe("findOnPath", () => {
  it("finds the first that can be run", () => {
    const directories = ["a", "b", "c"].map(() => mkdtempSync(join(tmpdir(), "drawbridge-path-")));
    const [folder = "", plain = "", runnable = ""] = directories;
    mkdirSync(join(folder, "tool"));
    for (const directory of [plain, runnable]) writeFileSync(join(directory, "tool"), "");
    chmodSync(join(runnable, "tool"), 0o755);
    expect(findOnPath("tool", directories.join(delimiter))).toBe(join(runnable, "tool"));
    expect(findOnPath("other", directories.join(delimiter))).toBeUndefined();
    for (const directory of directories) rmSync(directory, { recursive: true });
  });

  it("does not look into the working directory for an empty entry", () => {
    expect(findOnPath("package.json", "")).toBeUndefined();
  });
});
