import {
  configurableRule,
  levelCode,
  levelOf,
  reportOf,
  resourceMessage,
  ruleOf,
  stackResourceMessage,
} from "./analyzer-messages";
import type { Report } from "./analyzer-messages";
import {
  analyzeRequest,
  analyzerInfo,
  analyzeStackRequest,
  configureRequest,
  remediateResponse,
  stackConfigureRequest,
} from "./analyzer-protocol";
import type { ConfigurableRule, PackConfig, RuleConfig } from "./pack-config";
import { organization } from "./pack-process";
import type { StackInfo } from "./pack-process";
import type { PropertyMap } from "./property-values";
import type { StackResource } from "./stack-resource";
import { UnaryClient } from "./unary-client";
import type { Rule } from "./verdicts";
import { decoded, encoded } from "./wire";

/** What a pack says about itself. */
export interface PackInfo {
  name: string;
  version: string;
  /** Each rule at its own level, and what can be configured of it. */
  rules: { rule: Rule; configurable: ConfigurableRule }[];
  /** Configuration that the pack's own program sets. */
  initial: Map<string, RuleConfig>;
  /** The only types of which its rules correct resources. @default - they may correct any */
  correctedTypes?: readonly string[];
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
    const info = decoded(analyzerInfo, await this.answer("GetAnalyzerInfo", new Uint8Array()));
    return {
      name: info.name,
      version: info.version,
      ...(info.corrected && { correctedTypes: info.corrected.types }),
      rules: info.policies.map((policy) => {
        return { rule: ruleOf(policy), configurable: configurableRule(policy) };
      }),
      initial: new Map(
        info.initialConfig.map(({ key, value }) => [
          key,
          {
            level: levelOf(value?.level ?? 0),
            ...(value?.properties && { properties: value.properties }),
          },
        ]),
      ),
    };
  }

  async configureStack({ stack, project, values, secretKeys }: StackInfo): Promise<void> {
    const request = encoded(stackConfigureRequest, {
      stack,
      project,
      organization,
      dryRun: true,
      secretKeys,
      values: Object.entries(values).map(([key, value]) => ({ key, value })),
    });
    await this.answer("ConfigureStack", request);
  }

  async configure(config: PackConfig): Promise<void> {
    const rules = [...config].map(([key, { level, properties }]) => {
      return { key, value: { level: levelCode(level), properties } };
    });
    await this.answer("Configure", encoded(configureRequest, { rules }));
  }

  /** Judges one resource by its inputs. */
  async analyze(resource: StackResource, providers: Providers): Promise<Report> {
    const request = encoded(analyzeRequest, resourceMessage(resource, resource.inputs, providers));
    return reportOf(await this.answer("Analyze", request), resource.urn);
  }

  /** Lets the rules at level `remediate` change one resource's inputs. */
  async remediate(resource: StackResource, providers: Providers): Promise<Remediation[]> {
    const request = encoded(analyzeRequest, resourceMessage(resource, resource.inputs, providers));
    const { remediations } = decoded(remediateResponse, await this.answer("Remediate", request));
    return remediations.map(({ rule, diagnostic, properties }) => {
      return { rule, diagnostic, ...(properties && { inputs: properties }) };
    });
  }

  /** What `analyzeStack` asks, ready to be sent. */
  stackRequest(resources: readonly StackResource[], providers: Providers): Uint8Array {
    return encoded(analyzeStackRequest, {
      resources: resources.map((resource) => stackResourceMessage(resource, providers)),
    });
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
