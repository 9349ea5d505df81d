/** What every command that asks an agent needs, made of its flags. */
import { messageOf } from "../core/message-of.ts";
import { FileError, readRegularFile } from "../files/regular-file.ts";
import { shownPath } from "../files/shown-path.ts";
import { LARGEST_TOKEN_FILE_BYTES, TokenError, tokenIn } from "../files/token-text.ts";
import { DEFAULT_ADDRESS, parseAgentAddress } from "./client/agent-address.ts";
import { AgentClient } from "./client/agent-client.ts";
import { CommandFailure, EXIT, type ExitCode } from "./command-failure.ts";
import { Output } from "./output.ts";
import { TimeShower } from "./show/durations.ts";
import type { ColorChoice } from "./show/paint.ts";

export interface ClientFlags {
  readonly address?: string;
  readonly tokenFile?: string;
  readonly pool?: string;
  readonly json?: boolean;
  readonly watch?: boolean;
  /** In ms. */
  readonly timeout?: number;
  readonly color?: ColorChoice;
  readonly utc?: boolean;
}

export interface ClientRun<Flags extends ClientFlags = ClientFlags> {
  readonly flags: Flags;
  readonly client: AgentClient;
  readonly output: Output;
  readonly times: TimeShower;
}

/** Resolves with how the process exits. @throws CommandFailure */
export type ClientCommand<Flags extends ClientFlags = ClientFlags> = (
  run: ClientRun<Flags>,
) => Promise<ExitCode>;

/** Where commands are not told how long to wait for an answer: one is given within milliseconds. */
const TIMEOUT_MS = 5_000;

/** @throws CommandFailure when an address or a token file is none. */
export function clientRun<Flags extends ClientFlags>(flags: Flags): ClientRun<Flags> {
  return {
    flags,
    client: new AgentClient({ ...reached(flags), timeoutMs: flags.timeout ?? TIMEOUT_MS }),
    output: new Output(flags.json === true, flags.color ?? "auto"),
    times: new TimeShower(flags.utc === true),
  };
}

function reached(flags: ClientFlags) {
  const address = chosen("--address", flags.address, "HEADWAITER_HTTP_ADDR");
  const tokenFile = chosen("--token-file", flags.tokenFile, "HEADWAITER_HTTP_TOKEN_FILE");
  return {
    address: parseAgentAddress(address?.value ?? DEFAULT_ADDRESS, address?.origin ?? "--address"),
    token: tokenFile && tokenOf(tokenFile.value, tokenFile.origin),
  };
}

/** A flag wins over the environment, where an empty variable counts as absent. */
function chosen(flag: string, value: string | undefined, variable: string) {
  if (value !== undefined) {
    return { value, origin: flag };
  }
  const ofEnvironment = process.env[variable];
  return ofEnvironment ? { value: ofEnvironment, origin: `environment ${variable}` } : undefined;
}

function tokenOf(path: string, origin: string): string {
  try {
    const token = tokenIn(readRegularFile(path, LARGEST_TOKEN_FILE_BYTES));
    if (token === "") {
      throw new TokenError("it is empty");
    }
    return token;
  } catch (error) {
    if (!(error instanceof TokenError) && !(error instanceof FileError)) {
      throw error;
    }
    const what = error instanceof TokenError ? "expected a file with a token" : "expected a readable file";
    const message = `${origin}: ${shownPath(path)}: ${what}: ${messageOf(error)}`;
    throw new CommandFailure(EXIT.wrong, "bad-use", message, { cause: error });
  }
}
