import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Component } from '../components.ts';

const cache = fileURLToPath(new URL('../../../.graylane', import.meta.url));
const sources = fileURLToPath(new URL('hops', import.meta.url));
const remedy = 'run test/components/install/hops.sh';

/** A service of another language between two of ours. */
export interface Hop extends Component {
  /**
   * The command of the service, which prints its HTTP address and its gRPC port. With the arguments
   * brokers, source and target it also relays messages between two topics of Kafka.
   */
  readonly relay: readonly string[];
  /** The command that signs and verifies marks, line by line. */
  readonly marks: readonly string[];
}

const python = `${cache}/hops-python/bin/python`;
const go = `${cache}/hops-go/relay`;
const java = `${cache}/hops-java`;

export const pythonHop: Hop = {
  id: 'hops-python',
  name: 'OpenTelemetry for Python',
  remedy,
  available: () => existsSync(`${cache}/hops-python/.installed`),
  relay: [python, `${sources}/python/relay.py`],
  marks: [python, `${sources}/python/marks.py`],
};

export const goHop: Hop = {
  id: 'hops-go',
  name: 'OpenTelemetry for Go',
  remedy,
  available: () => existsSync(`${cache}/hops-go/.built`),
  relay: [go],
  marks: [go, 'marks'],
};

/** The newest version encodes no properties of baggage; the other two do. */
export const javaHops: readonly Hop[] = ['1.49.0', '1.64.0', '1.68.0'].map((version) => ({
  id: 'hops-java',
  name: `OpenTelemetry for Java ${version}`,
  remedy,
  available: () => existsSync(`${java}/.built`),
  relay: ['java', '-cp', `${java}/${version}:${java}/${version}/*:${java}/lib/*`, 'Relay'],
  marks: ['java', '-cp', `${java}/${version}`, 'Marks'],
}));

export interface RunningHop {
  /** The output of the service: its HTTP address, and further ports. */
  readonly addresses: readonly string[];
  close(): Promise<void>;
}

/** Starts the service; it ends with this process, or when it is closed. */
export async function startHop(hop: Hop, ...more: readonly string[]): Promise<RunningHop> {
  const [command = '', ...given] = hop.relay;
  const child: ChildProcess = spawn(command, [...given, ...more], { stdio: ['pipe', 'pipe', 'ignore'] });
  const exited = once(child, 'exit');
  if (child.stdout === null) throw new Error('the service has no output');
  const lines = createInterface({ input: child.stdout });
  const first = await Promise.race([
    once(lines, 'line'),
    exited.then(([code]) => Promise.reject(new Error(`${hop.name} ended with ${String(code)}`))),
  ]);
  return {
    addresses: String(first[0]).split(' '),
    close: async () => {
      child.stdin?.end();
      await exited;
    },
  };
}

/** Lets the program of another language sign or verify; fields stand between tabs. */
export function runMarks(hop: Hop, lines: ReadonlyArray<readonly string[]>): string[] {
  const [command = '', ...given] = hop.marks;
  const input = lines.map((fields) => `${fields.join('\t')}\n`).join('');
  return execFileSync(command, given, { input, encoding: 'utf8', timeout: 60_000 }).trimEnd().split(/\r?\n/);
}
