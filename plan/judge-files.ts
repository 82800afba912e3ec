import {
  commandWithOutputs,
  givenConfig,
  main,
  parseArguments,
  present,
  userPath,
} from "./command-line";
import type { OutputOptions } from "./command-line";
import { judgeResources, secretsOf } from "./judge";
import { plannedResource } from "./stack-resource";
import { readSources } from "./sources/read-sources";
import { byCodePoint } from "./urn";

async function judgeFiles(): Promise<number> {
  const command = commandWithOutputs(
    "judge",
    "Judges what already exists: plan files, pulumi stack exports and Kubernetes manifests.",
  ).argument("<files...>", "files that together describe one stack");
  if (!parseArguments(command, process.argv.slice(2))) return 0;
  const options = command.opts<OutputOptions>();
  const files = (command.processedArgs[0] as string[]).map(userPath);
  const given = givenConfig(options);
  const { project, stack, resources, places } = readSources(files);
  const redactor = secretsOf(resources);
  const stackInfo = { project, stack, values: {}, secretKeys: [] };
  return present(
    {
      project,
      stack,
      resources: resources
        .map((resource) => plannedResource(resource, redactor))
        .toSorted((a, b) => byCodePoint(a.urn, b.urn)),
      judgement: await judgeResources(options.policyPack, given, stackInfo, resources),
      existing: true,
      warnings: [],
      places: new Map([...places].map(([urn, place]) => [redactor.urn(urn), place])),
      place: { file: files[0] ?? "", line: 1 },
    },
    options,
    files,
  );
}

void main(judgeFiles);
