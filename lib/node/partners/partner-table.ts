import { isDeepStrictEqual } from 'node:util';
import { Logger } from '@nestjs/common';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import { formatAddress, parseAddress } from '../../options/parse-address.js';
import { sameId } from '../../protocol/urn.js';
import type { Partner } from './partner.js';
import { isSameWay, PartnerEntry } from './partner-entry.js';
import { PartnerIndex } from './partner-index.js';
import type { PartnerRoute, RouteChange, RouteOrigin } from './partner-route.js';
import type { Partners, PartnerTarget } from './partners.js';
import { RouteLayer } from './route-layer.js';

/** What a {@link PartnerTable} works with. */
export interface PartnerTableParts {
  /** Id of this node. */
  readonly ownNodeId: string;
  /** Makes what speaks to the node of a route. @throws MeshError when nothing here can */
  partner(route: PartnerRoute): Partner;
  /** Keeps what administration says, in the place of what it said before, wholly or not at all; absent: in memory only. */
  readonly keep?: (routes: readonly PartnerRoute[]) => Promise<void>;
}

/** A change that waits for its turn. Its entry is `undefined` where the route is to go. */
interface Step {
  readonly id: string;
  readonly entry: PartnerEntry | undefined;
  resolve(before: PartnerRoute | undefined): void;
  reject(error: unknown): void;
}

/**
 * The partners of a node: those of the options, those of a file, and those of administration, in this order. A route of
 * administration to a node that options or file know too stays, and is in force once they let go of it.
 */
export class PartnerTable implements Partners {
  private readonly logger = new Logger('MeshPartners');
  private readonly index = new PartnerIndex();
  private readonly watchers = new Set<{ readonly tell: (change: RouteChange) => void }>();
  private readonly layers: Record<RouteOrigin, RouteLayer> = {
    options: new RouteLayer(),
    file: new RouteLayer(),
    administration: new RouteLayer(),
  };
  private waiting: Step[] = [];
  private running: Promise<void> | undefined;

  constructor(private readonly parts: PartnerTableParts) {}

  find(target: PartnerTarget): Partner {
    return this.index.find(target);
  }

  knows(target: PartnerTarget): boolean {
    return this.index.knows(target);
  }

  route(nodeId: string): PartnerRoute | undefined {
    return this.index.get(nodeId)?.route;
  }

  list(): readonly PartnerRoute[] {
    return this.index.all().map(({ route }) => route);
  }

  async put(route: PartnerRoute): Promise<void> {
    const entry = this.entryOf({ ...route, origin: 'administration' });
    this.refuseFixed(route.nodeId);
    await this.inTurn(route.nodeId, entry);
  }

  async remove(nodeId: string): Promise<boolean> {
    this.refuseFixed(nodeId);
    return (await this.inTurn(nodeId, undefined)) !== undefined;
  }

  watch(watcher: (change: RouteChange) => void): () => void {
    const entry = { tell: watcher };
    this.watchers.add(entry);
    return () => this.watchers.delete(entry);
  }

  /**
   * Takes routes in the place of all of their origin.
   *
   * @throws MeshError E0000000400 or E0000000700 for one that {@link put} would refuse, and for two to one node; everything
   * then stays as it was
   */
  lay(origin: RouteOrigin, routes: readonly PartnerRoute[]): void {
    const layer = new RouteLayer();
    for (const route of routes) {
      const id = route.nodeId.toLowerCase();
      if (layer.get(id)) throw refused(`the node '${route.nodeId}' has two routes`);
      layer.put(id, this.entryOf({ ...route, origin }));
    }
    this.replace(origin, layer, [...this.layers[origin].ids(), ...layer.ids()]);
  }

  /** Refuses what cannot be a route of this node. @throws MeshError E0000000400 */
  check(route: PartnerRoute): void {
    this.entryOf(route);
  }

  /** Resolves once what was put so far is kept, or was refused. */
  async settled(): Promise<void> {
    await this.running;
  }

  private entryOf(route: PartnerRoute): PartnerEntry {
    const { nodeId, addresses } = route;
    if (nodeId === '') throw refused('a route needs the id of a node');
    if (sameId(nodeId, this.parts.ownNodeId)) {
      throw refused(`'${nodeId}' is this node itself: a node has no route to itself`);
    }
    if (addresses.length === 0) throw refused(`the route to the node '${nodeId}' has no address`);
    for (const address of addresses) {
      if (isAddress(address)) continue;
      const shown = JSON.stringify(address.slice(0, 100));
      throw refused(`the address ${shown} of the node '${nodeId}' is none: host:port is expected`);
    }
    const now = this.index.get(nodeId);
    return new PartnerEntry(route, now && isSameWay(now.route, route) ? now.partner : this.parts.partner(route));
  }

  private refuseFixed(nodeId: string): void {
    const origin = this.route(nodeId)?.origin ?? 'administration';
    if (origin === 'administration') return;
    const where = origin === 'file' ? 'the file of routes' : "the option 'partners'";
    throw new MeshError(
      MeshCode.NOT_PERMITTED,
      `the route to the node '${nodeId}' comes from ${where}: change it there`,
    );
  }

  /** Resolves to what administration said of the node before. */
  private inTurn(nodeId: string, entry: PartnerEntry | undefined): Promise<PartnerRoute | undefined> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ id: nodeId.toLowerCase(), entry, resolve, reject });
      this.running ??= this.run();
    });
  }

  /** One write at a time; what comes meanwhile is kept by the next one, all together. */
  private async run(): Promise<void> {
    while (this.waiting.length > 0) await this.take(this.waiting.splice(0));
    this.running = undefined;
  }

  private async take(steps: readonly Step[]): Promise<void> {
    const before = this.layers.administration;
    const layer = new RouteLayer(before);
    const answers = steps.map((step) => answerTo(step, layer));
    try {
      if (!layer.equals(before)) await this.parts.keep?.(layer.routes());
    } catch (error) {
      for (const { reject } of steps) reject(error);
      return;
    }
    this.replace(
      'administration',
      layer,
      steps.map(({ id }) => id),
    );
    for (const answer of answers) answer();
  }

  private replace(origin: RouteOrigin, layer: RouteLayer, ids: readonly string[]): void {
    this.layers[origin] = layer;
    for (const id of new Set(ids)) this.settle(id);
  }

  /** Puts in force what is said of a node now. */
  private settle(id: string): void {
    const { options, file, administration } = this.layers;
    const now = options.get(id) ?? file.get(id) ?? administration.get(id);
    const before = this.index.get(id);
    if (now === before) return;
    this.index.set(id, now);
    if (!now) return this.tell({ type: 'removed', route: before!.route });
    if (!before) return this.tell({ type: 'added', route: now.route });
    if (!isDeepStrictEqual(now.route, before.route)) {
      this.tell({ type: 'updated', route: now.route, before: before.route });
    }
  }

  private tell(change: RouteChange): void {
    const watchers = [...this.watchers];
    for (const { tell } of watchers) {
      try {
        tell(change);
      } catch (error) {
        this.logger.error('a watcher of partners failed', error);
      }
    }
  }
}

/** Takes a step in what is to be kept. Returns what tells its caller, once that is kept. */
function answerTo({ id, entry, resolve, reject }: Step, layer: RouteLayer): () => void {
  const before = layer.get(id)?.route;
  try {
    if (entry) layer.put(id, entry);
    else layer.delete(id);
    return () => resolve(before);
  } catch (error) {
    return () => reject(error);
  }
}

/** Routes come with complete addresses: see `parseAddresses`. */
function isAddress(text: string): boolean {
  const address = parseAddress(text);
  return address !== undefined && address.port > 0 && formatAddress(address) === text;
}

function refused(message: string): MeshError {
  return new MeshError(MeshCode.INVALID_REQUEST, message);
}
