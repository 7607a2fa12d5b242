import { isDeepStrictEqual } from 'node:util';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { PartnerEntry } from './partner-entry.js';
import type { PartnerRoute } from './partner-route.js';

/** Most routes of one origin, and most characters of their texts. */
const MAX_ROUTES = 10_000;
const MAX_SIZE = 128 * 1_024 * 1_024;

/** What routes of one origin say, by the id of the node in lower case, in the order in which they came. */
export class RouteLayer {
  private readonly entries: Map<string, PartnerEntry>;
  private size: number;

  /** @param like what it begins with */
  constructor(like?: RouteLayer) {
    this.entries = new Map(like?.entries);
    this.size = like?.size ?? 0;
  }

  get(id: string): PartnerEntry | undefined {
    return this.entries.get(id);
  }

  ids(): readonly string[] {
    return [...this.entries.keys()];
  }

  routes(): readonly PartnerRoute[] {
    return [...this.entries.values()].map(({ route }) => route);
  }

  /** Takes what is said of a node, in the place of what was said before. @throws MeshError E0000000700 when there is no room */
  put(id: string, entry: PartnerEntry): void {
    const before = this.entries.get(id);
    const size = this.size - (before?.size ?? 0) + entry.size;
    if ((!before && this.entries.size >= MAX_ROUTES) || size > MAX_SIZE) {
      const message = `there is no room for another route: there may be ${MAX_ROUTES}, of ${MAX_SIZE} characters in all`;
      throw new MeshError(MeshCode.BUFFER_FULL, message);
    }
    this.entries.set(id, entry);
    this.size = size;
  }

  /** Forgets what is said of a node; whether anything was. */
  delete(id: string): boolean {
    this.size -= this.entries.get(id)?.size ?? 0;
    return this.entries.delete(id);
  }

  /** Whether another says the same. */
  equals(other: RouteLayer): boolean {
    const isSame = ([id, entry]: readonly [string, PartnerEntry]): boolean => {
      const one = other.entries.get(id);
      return one === entry || (one !== undefined && isDeepStrictEqual(one.route, entry.route));
    };
    return this.entries.size === other.entries.size && [...this.entries].every(isSame);
  }
}
