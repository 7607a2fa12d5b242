import { type INestMicroservice, Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { toMeshError } from '../errors/from-unknown.js';
import { MeshCode } from '../errors/mesh-code.js';
import { MeshModule } from '../mesh.module.js';
import { meshMicroservice } from '../nest/mesh-microservice.js';
import { MeshServer } from '../nest/mesh-server.js';
import { MeshPartners } from '../node/partners/mesh-partners.js';
import type { ListenOptions } from '../options/listen-options.js';
import type { MeshOptions } from '../options/mesh-options.js';
import { ExitCode } from './exit-code.js';
import type { Settings } from './settings.js';
import { startLines } from './start-lines.js';

/** A node could not start. */
export interface Failure {
  readonly exitCode: number;
  readonly problem: string;
}

/** Prints a line. */
export type Say = (line: string) => void;

/** Codes of what is wrong with the configuration and shows only when everything is put together. */
const CONFIGURATION_CODES: readonly string[] = [MeshCode.INVALID_REQUEST, MeshCode.NOT_FOUND, MeshCode.ENCODING];

/** Runs a node until a signal ends it. Returns why it could not start, or `undefined` once it has ended in order. */
export async function runNode(settings: Settings, version: string, say: Say): Promise<Failure | undefined> {
  const started = await start(settings.options);
  if ('problem' in started) return started;
  Logger.overrideLogger(settings.levels);
  const signalled = endSignal(say);
  const failure = await listen(started, settings);
  if (failure) return failure;
  const readyMs = Math.round(process.uptime() * 1_000);
  const partners = started.get(MeshPartners).list();
  const { addresses } = started.get(MeshServer);
  for (const line of startLines(settings.resolved, addresses, { version, partners, readyMs })) say(line);
  say(`${await signalled}: takes no new calls, gives those under way ${settings.resolved.drainTimeoutMs} ms`);
  await started.close();
  say('ended in order');
  return undefined;
}

/**
 * Starts a node at free ports of the loopback interface, without registering anywhere or watching files, and ends it: what is wrong with extensions,
 * dialects and certificates shows only so.
 */
export async function rehearse(settings: Settings): Promise<Failure | undefined> {
  const { listen: said, node } = settings.options;
  const options: MeshOptions = {
    ...settings.options,
    listen: rehearsed(said),
    registry: false,
    ...(node && { node: { ...node, routes: { ...node.routes, watch: false } } }),
  };
  const started = await start(options);
  if ('problem' in started) return started;
  const failure = await listen(started, settings);
  await started.close();
  return failure;
}

function rehearsed(listen: MeshOptions['listen']): MeshOptions['listen'] {
  const here = { host: '127.0.0.1', port: 0 };
  const isList = (given: typeof listen): given is readonly ListenOptions[] => Array.isArray(given);
  return isList(listen) ? listen.map((one) => ({ ...one, ...here })) : { ...listen, ...here };
}

async function start(options: MeshOptions): Promise<INestMicroservice | Failure> {
  try {
    const root = MeshModule.forRoot(options);
    // Nest would print what goes wrong here with its stack.
    const silent = { logger: false, abortOnError: false } as const;
    return await NestFactory.createMicroservice(root, { ...meshMicroservice(), ...silent }).then(initialized);
  } catch (error) {
    return failureOf(error);
  }
}

async function initialized(app: INestMicroservice): Promise<INestMicroservice> {
  await app.init();
  return app;
}

async function listen(app: INestMicroservice, { resolved }: Settings): Promise<Failure | undefined> {
  try {
    await app.listen();
    return undefined;
  } catch (error) {
    const { exitCode, problem } = failureOf(error);
    await app.close();
    const isOnly = resolved.listeners.length === 1;
    const remedy = exitCode === ExitCode.CANNOT_LISTEN && isOnly ? '; choose another with --port or --host' : '';
    return { exitCode, problem: `${problem}${remedy}` };
  }
}

function failureOf(error: unknown): Failure {
  const { code, message } = toMeshError(error);
  if (code === MeshCode.ADDRESS_UNREACHABLE) return { exitCode: ExitCode.CANNOT_LISTEN, problem: message };
  const isConfiguration = CONFIGURATION_CODES.includes(code);
  return { exitCode: isConfiguration ? ExitCode.WRONG : ExitCode.FAILED, problem: message };
}

/** The first signal to end; a second one ends the process at once. */
function endSignal(say: Say): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const heard: NodeJS.Signals[] = [];
    const hear = (signal: NodeJS.Signals): void => {
      heard.push(signal);
      if (heard.length === 1) return resolve(signal);
      say(`${signal}: ends at once`);
      process.exit(ExitCode.FAILED);
    };
    process.on('SIGTERM', hear).on('SIGINT', hear);
  });
}
