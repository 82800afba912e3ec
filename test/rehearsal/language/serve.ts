import { spawn } from "node:child_process";
import { LanguageRuntimeService } from "@pulumi/pulumi/proto/language_grpc_pb";
import * as messages from "@pulumi/pulumi/proto/language_pb";
import { answer, common, serve } from "../provider";

/** Exit code of a program that has said itself what is wrong: cmd/run/index.js of @pulumi/pulumi. */
const hasSaidWhy = 32;

/**
 * The language host of Node as the engine sees it, without the real one's code: it runs the program of the project in a
 * process of its own, by the same script of the SDK and with the same arguments
 * (github.com/pulumi/pulumi v3.230.0, sdk/nodejs/cmd/pulumi-language-nodejs/main.go).
 */
function calls(engine: string) {
  return {
    getPluginInfo: common.getPluginInfo,
    getRequiredPackages: answer(() => new messages.GetRequiredPackagesResponse()),
    run: answer(async (request: messages.RunRequest) => {
      const code = await run(request, engine);
      const response = new messages.RunResponse().setBail(code === hasSaidWhy);
      return code === 0 || code === hasSaidWhy
        ? response
        : response.setError(`Program exited with non-zero exit code: ${String(code)}`);
    }),
  };
}

function run(request: messages.RunRequest, engine: string): Promise<number | null> {
  const info = request.getInfo();
  if (!info) throw new Error("the engine must say where the program is");
  const { nodeargs } = (info.getOptions()?.toJavaScript() ?? {}) as { nodeargs?: string };
  const options = {
    monitor: request.getMonitorAddress(),
    engine,
    organization: request.getOrganization(),
    project: request.getProject(),
    "root-directory": info.getRootDirectory(),
    stack: request.getStack(),
    pwd: info.getProgramDirectory(),
    parallel: `${request.getParallel()}`,
  };
  const child = spawn(
    process.execPath,
    [
      ...(nodeargs?.split(" ") ?? []),
      require.resolve("@pulumi/pulumi/cmd/run"),
      ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]),
      ...(request.getDryrun() ? ["--dry-run"] : []),
      info.getEntryPoint(),
    ],
    {
      // What it writes people read with what the engine says.
      stdio: ["ignore", "inherit", "inherit"],
      env: {
        ...process.env,
        PULUMI_CONFIG: JSON.stringify(Object.fromEntries(request.getConfigMap().toObject(true))),
        PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
        PULUMI_NODEJS_TYPESCRIPT: "true",
      },
    },
  );
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", resolve);
  });
}

if (require.main === module) serve(calls(process.argv.at(-1) ?? ""), LanguageRuntimeService);
