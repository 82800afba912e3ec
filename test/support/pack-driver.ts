import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import { credentials } from "@grpc/grpc-js";
import type { ServiceError } from "@grpc/grpc-js";
import { AnalyzerClient } from "@pulumi/pulumi/proto/analyzer_grpc_pb";
import {
  AnalyzeRequest,
  AnalyzerPropertyDependencies,
  AnalyzerResource,
  AnalyzerResourceOptions,
  AnalyzeStackRequest,
  ConfigureAnalyzerRequest,
  EnforcementLevel,
  PolicyConfig,
} from "@pulumi/pulumi/proto/analyzer_pb";
import type { AnalyzeResponse, AnalyzerInfo } from "@pulumi/pulumi/proto/analyzer_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import type { JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb";
import type { Registration } from "../../policies/model";

/** What the server says about a resource or a stack, without the notes of its rules. */
export interface Answer {
  violations: { rule: string; level: string; message: string; urn: string }[];
  notApplicable: { rule: string; reason: string }[];
}

type Level = "advisory" | "mandatory" | "disabled";
export type PackConfig = Record<
  string,
  { level: Level; properties?: Record<string, JavaScriptValue> }
>;

const root = join(__dirname, "../..");
const levels = {
  advisory: EnforcementLevel.ADVISORY,
  mandatory: EnforcementLevel.MANDATORY,
  disabled: EnforcementLevel.DISABLED,
};

/** A policy pack in its own process, spoken to as the engine does. */
export class PackDriver {
  private constructor(
    private readonly child: ChildProcess,
    private readonly client: AnalyzerClient,
    /** What the pack printed: its port and nothing else. */
    readonly stdout: string,
  ) {}

  /** Starts the pack's program, a path from the root of the repository. */
  static async start(program: string): Promise<PackDriver> {
    const child = spawn(process.execPath, ["--stack-trace-limit=0", "-r", "tsx/cjs", program], {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const stdout = await new Promise<string>((resolve, reject) => {
      let printed = "";
      let errors = "";
      child.stdout.on("data", (data: Buffer) => {
        printed += data.toString();
        if (printed.endsWith("\n")) resolve(printed);
      });
      child.stderr.on("data", (data: Buffer) => (errors += data.toString()));
      child.once("exit", (code) =>
        reject(new Error(`the pack ended with ${String(code)}: ${errors}`)),
      );
    });
    const client = new AnalyzerClient(`127.0.0.1:${stdout.trim()}`, credentials.createInsecure(), {
      "grpc.enable_http_proxy": 0,
    });
    return new PackDriver(child, client, stdout);
  }

  info(): Promise<AnalyzerInfo> {
    return answered((done) => this.client.getAnalyzerInfo(new Empty(), done));
  }

  async configure(config: PackConfig): Promise<void> {
    const request = new ConfigureAnalyzerRequest();
    for (const [rule, { level, properties = {} }] of Object.entries(config)) {
      const policy = new PolicyConfig();
      policy.setEnforcementlevel(levels[level]);
      policy.setProperties(Struct.fromJavaScript(properties));
      request.getPolicyconfigMap().set(rule, policy);
    }
    await answered((done) => this.client.configure(request, done));
  }

  async analyze({ urn, type, name, inputs, protect }: Registration): Promise<Answer> {
    const request = new AnalyzeRequest();
    request.setUrn(urn);
    request.setType(type);
    request.setName(name);
    request.setProperties(structOf(inputs));
    request.setOptions(optionsOf(protect));
    return answerOf(await answered((done) => this.client.analyze(request, done)));
  }

  async analyzeStack(resources: readonly Registration[]): Promise<Answer> {
    const request = new AnalyzeStackRequest();
    request.setResourcesList(resources.map(analyzerResource));
    return answerOf(await answered((done) => this.client.analyzeStack(request, done)));
  }

  /** Every resource, then the stack, as the engine does. */
  async judge(resources: readonly Registration[]): Promise<Answer> {
    const answers: Answer[] = [];
    for (const resource of resources) answers.push(await this.analyze(resource));
    answers.push(await this.analyzeStack(resources));
    return {
      violations: answers.flatMap(({ violations }) => violations),
      notApplicable: answers.flatMap(({ notApplicable }) => notApplicable),
    };
  }

  async stop(): Promise<void> {
    this.client.close();
    this.child.removeAllListeners("exit");
    const ended = new Promise((resolve) => this.child.once("exit", resolve));
    this.child.kill();
    await ended;
  }
}

function analyzerResource(registration: Registration): AnalyzerResource {
  const { urn, type, name, inputs, outputs = inputs } = registration;
  const resource = new AnalyzerResource();
  resource.setUrn(urn);
  resource.setType(type);
  resource.setName(name);
  resource.setProperties(structOf(outputs));
  resource.setOptions(optionsOf(registration.protect));
  resource.setDependenciesList([...(registration.dependencies ?? [])]);
  for (const [key, urns] of Object.entries(registration.propertyDependencies ?? {})) {
    const dependencies = new AnalyzerPropertyDependencies();
    dependencies.setUrnsList([...urns]);
    resource.getPropertydependenciesMap().set(key, dependencies);
  }
  return resource;
}

function optionsOf(protect = false): AnalyzerResourceOptions {
  const options = new AnalyzerResourceOptions();
  options.setProtect(protect);
  return options;
}

function structOf(values: Record<string, unknown>): Struct {
  return Struct.fromJavaScript(values as Record<string, JavaScriptValue>);
}

function answerOf(response: AnalyzeResponse): Answer {
  return {
    violations: response
      .getDiagnosticsList()
      .map((diagnostic) => ({
        rule: diagnostic.getPolicyname(),
        level:
          diagnostic.getEnforcementlevel() === EnforcementLevel.MANDATORY
            ? "mandatory"
            : "advisory",
        message: diagnostic.getMessage(),
        urn: diagnostic.getUrn(),
      }))
      .filter(({ message }) => !message.startsWith("note: ")),
    notApplicable: response
      .getNotApplicableList()
      .map((entry) => ({ rule: entry.getPolicyName(), reason: entry.getReason() })),
  };
}

function answered<T>(
  call: (done: (error: ServiceError | null, response: T) => void) => unknown,
): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, response) => (error ? reject(error) : resolve(response)));
  });
}
