import {
  AnalyzeResponse,
  AnalyzerInfo,
  AnalyzerStackConfigureRequest,
  AnalyzeStackRequest,
  ConfigureAnalyzerRequest,
  PolicyConfig,
  RemediateResponse,
} from "@pulumi/pulumi/proto/analyzer_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import {
  analyzeRequest,
  analyzerResource,
  configurableRule,
  diagnosticOf,
  initialConfig,
  levelCode,
  ruleOf,
  structOf,
} from "./analyzer-messages";
import type { ConfigurableRule, PackConfig, RuleConfig } from "./pack-config";
import { organization } from "./pack-process";
import type { StackInfo } from "./pack-process";
import type { PropertyMap } from "./property-values";
import type { StackResource } from "./stack-resource";
import { UnaryClient } from "./unary-client";
import type { Diagnostic, NotApplicable, Rule } from "./verdicts";

/** What a pack says about itself. */
export interface PackInfo {
  name: string;
  version: string;
  /** Each rule at its own level, and what can be configured of it. */
  rules: { rule: Rule; configurable: ConfigurableRule }[];
  /** Configuration that the pack's own program sets. */
  initial: Map<string, RuleConfig>;
}

/** What one call reported. */
export interface Report {
  diagnostics: Diagnostic[];
  notApplicable: NotApplicable[];
}

/** What one rule at level `remediate` did to a resource, or why it could not. */
export interface Remediation {
  rule: string;
  diagnostic: string;
  inputs?: PropertyMap;
}

/** Resources by URN, among them the providers of those that are judged. */
export type Providers = ReadonlyMap<string, StackResource>;

/** The pack was silent for too long: it waits or computes for ever. */
class NoAnswer extends Error {
  override readonly name = "NoAnswer";
}

function reportOf(answer: Uint8Array, urn: string): Report {
  const response = AnalyzeResponse.deserializeBinary(answer);
  return {
    diagnostics: response.getDiagnosticsList().map((message) => diagnosticOf(message, urn)),
    notApplicable: response.getNotApplicableList().map((message) => {
      return { rule: message.getPolicyName(), reason: message.getReason() };
    }),
  };
}

/** The engine's side of the protocol that policy packs speak. */
export class Analyzer {
  private readonly client: UnaryClient;
  private readonly waiting = new Set<(error: Error) => void>();
  private timer: NodeJS.Timeout | undefined;

  /** After `silence` milliseconds without any answer all calls fail with `NoAnswer`. */
  constructor(
    port: number,
    private readonly silence: number,
  ) {
    this.client = new UnaryClient(port);
  }

  /** Calls wait in the pack for each other, so it is only its silence that tells. */
  private listen(): void {
    clearTimeout(this.timer);
    if (this.waiting.size === 0) return;
    this.timer = setTimeout(() => {
      for (const reject of this.waiting)
        reject(new NoAnswer(`no answer within ${this.silence} ms`));
    }, this.silence);
  }

  private answer(method: string, request: Uint8Array): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      this.waiting.add(reject);
      this.listen();
      const done = () => {
        this.waiting.delete(reject);
        this.listen();
      };
      const call = this.client.call(`/pulumirpc.Analyzer/${method}`, request);
      call.finally(done).then(resolve, reject);
    });
  }

  async info(): Promise<PackInfo> {
    const info = AnalyzerInfo.deserializeBinary(
      await this.answer("GetAnalyzerInfo", new Empty().serializeBinary()),
    );
    return {
      name: info.getName(),
      version: info.getVersion(),
      rules: info.getPoliciesList().map((policy) => {
        return { rule: ruleOf(policy), configurable: configurableRule(policy) };
      }),
      initial: new Map(
        [...info.getInitialconfigMap().entries()].map(([rule, config]) => [
          rule,
          initialConfig(config),
        ]),
      ),
    };
  }

  async configureStack(stack: StackInfo): Promise<void> {
    const request = new AnalyzerStackConfigureRequest();
    request.setStack(stack.stack);
    request.setProject(stack.project);
    request.setOrganization(organization);
    request.setDryRun(true);
    request.setConfigSecretKeysList(stack.secretKeys);
    const values = request.getConfigMap();
    for (const [key, value] of Object.entries(stack.values)) values.set(key, value);
    await this.answer("ConfigureStack", request.serializeBinary());
  }

  async configure(config: PackConfig): Promise<void> {
    const request = new ConfigureAnalyzerRequest();
    const rules = request.getPolicyconfigMap();
    for (const [rule, { level, properties }] of config) {
      const message = new PolicyConfig();
      message.setEnforcementlevel(levelCode(level));
      message.setProperties(structOf(properties));
      rules.set(rule, message);
    }
    await this.answer("Configure", request.serializeBinary());
  }

  /** Judges one resource by its inputs. */
  async analyze(resource: StackResource, providers: Providers): Promise<Report> {
    const request = analyzeRequest(resource, providers);
    return reportOf(await this.answer("Analyze", request.serializeBinary()), resource.urn);
  }

  /** Lets the rules at level `remediate` change one resource's inputs. */
  async remediate(resource: StackResource, providers: Providers): Promise<Remediation[]> {
    const request = analyzeRequest(resource, providers);
    const response = RemediateResponse.deserializeBinary(
      await this.answer("Remediate", request.serializeBinary()),
    );
    return response.getRemediationsList().map((message) => {
      const inputs = message.getProperties()?.toJavaScript();
      return {
        rule: message.getPolicyname(),
        diagnostic: message.getDiagnostic(),
        ...(inputs !== undefined && { inputs }),
      };
    });
  }

  /** What `analyzeStack` asks, ready to be sent. */
  stackRequest(resources: readonly StackResource[], providers: Providers): Uint8Array {
    const request = new AnalyzeStackRequest();
    request.setResourcesList(resources.map((resource) => analyzerResource(resource, providers)));
    return request.serializeBinary();
  }

  /** Judges all resources together by their outputs; `urn` stands for the stack. */
  async analyzeStack(request: Uint8Array, urn: string): Promise<Report> {
    return reportOf(await this.answer("AnalyzeStack", request), urn);
  }

  close(): void {
    clearTimeout(this.timer);
    this.client.close();
  }
}
