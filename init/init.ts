import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Command } from "commander";
import { fields } from "../infra/config/fields";
import { main, parseArguments } from "../plan/command-line";
import { InputError } from "../plan/input-error";
import {
  askName,
  askRest,
  checked,
  flagOf,
  isRequired,
  isTextList,
  keys,
  nameFault,
} from "./answers";
import type { Ask, Texts } from "./answers";
import { backendCommands } from "./backend";
import { existsFault, stackFileText, writeNew } from "./stack-file";

interface Options extends Texts {
  stack?: string;
}

function initCommand(): Command {
  const command = new Command("init")
    .description(
      "Writes the file of a new stack, and prints the commands that make a place for its state. Asks for what no flag says, on a terminal.",
    )
    .option("--stack <name>", "name of the stack: 1 to 16 lower-case letters, digits and hyphens");
  for (const key of keys) {
    const form = isTextList(key) ? "a,b…" : "value";
    const need = isRequired(key) ? "" : " (optional)";
    command.option(`${flagOf(key)} <${form}>`, `${fields[key].description ?? ""}${need}`);
  }
  return command
    .option("--verbose", "show stack traces")
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
}

/** Lets `use` ask people on the terminal. What they see goes to stderr, so that stdout holds the commands alone. */
async function onTerminal<T>(use: (ask: Ask) => Promise<T>): Promise<T> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // Keeps what was typed before its question, or pasted with others.
  const lines = terminal[Symbol.asyncIterator]();
  try {
    return await use(async (question) => {
      // A prompt of several lines would be drawn over what stands above it.
      const above = question.lastIndexOf("\n") + 1;
      process.stderr.write(question.slice(0, above));
      terminal.setPrompt(question.slice(above));
      terminal.prompt();
      const line = await lines.next();
      if (line.done !== true) return line.value;
      throw new InputError("the answers ended before the last question; nothing was written");
    });
  } finally {
    terminal.close();
  }
}

function fileOf(stack: string): string {
  return `Pulumi.${stack}.yaml`;
}

async function requireNew(projectDir: string, stack: string): Promise<void> {
  const fault = await nameFault(stack);
  if (fault === undefined && existsSync(join(projectDir, fileOf(stack)))) {
    throw new InputError(existsFault(fileOf(stack)));
  }
}

async function asked(projectDir: string, { stack: given, ...texts }: Options) {
  return onTerminal(async (ask) => {
    const stack = given ?? (await askName(ask));
    await requireNew(projectDir, stack);
    return { stack, texts: await askRest(ask, stack, texts) };
  });
}

async function init(): Promise<number> {
  const command = initCommand();
  if (!parseArguments(command, process.argv.slice(2))) return 0;
  const { verbose: _, ...options } = command.opts<Options & { verbose?: boolean }>();
  const projectDir = process.cwd();
  const { stack: name, ...given } = options;
  if (!process.stdin.isTTY && name === undefined) {
    throw new InputError("stack must have a name; give it with --stack");
  }
  const { stack, texts } = process.stdin.isTTY
    ? await asked(projectDir, options)
    : { stack: name ?? "", texts: given };
  await requireNew(projectDir, stack);
  const values = await checked(stack, texts);
  writeNew(join(projectDir, fileOf(stack)), stackFileText(values));
  const region = String(values.region);
  const accountId = String(values.deployerRoleArn).split(":")[4] ?? "";
  process.stderr.write(
    `wrote ${fileOf(stack)}; see what it builds with: npm run plan -- --stack ${stack}\n\n`,
  );
  process.stdout.write(`${backendCommands({ stack, region, accountId }).join("\n")}\n`);
  return 0;
}

void main(init);
