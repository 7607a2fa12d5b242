import { toMeshError } from '../../errors/from-unknown.js';
import { MeshCode } from '../../errors/mesh-code.js';
import type { ResolvedPartner } from '../../options/partner-options.js';
import type { NodeHerald } from './node-herald.js';

/** What says that nothing answers. Any other error is an answer. */
const SILENCE: ReadonlySet<string> = new Set([
  MeshCode.UNREACHABLE,
  MeshCode.ADDRESS_UNREACHABLE,
  MeshCode.TIMEOUT,
  MeshCode.BUFFER_FULL,
]);

/** How long what was found out holds, in ms. Everybody may ask: partners' nodes are not to be asked as often. */
const FRESH_MS = 2_000;

/** Most answers that are remembered. */
const MAX_REMEMBERED = 1_024;

interface Finding {
  readonly until: number;
  readonly answers: Promise<boolean>;
}

/** Finds out whether the nodes of partners answer. Those who ask at once, or soon again, get one answer. */
export class PartnerProbe {
  private readonly findings = new Map<string, Finding>();

  constructor(private readonly herald: Pick<NodeHerald, 'reach'>) {}

  /** Whether anything answers at one of the addresses of a route. */
  answers(route: ResolvedPartner, now = Date.now()): Promise<boolean> {
    const key = `${route.transport} ${route.addresses.join(',')}`;
    const known = this.findings.get(key);
    if (known && known.until > now) return known.answers;
    if (this.findings.size >= MAX_REMEMBERED) this.findings.clear();
    const answers = this.ask(route);
    this.findings.set(key, { until: now + FRESH_MS, answers });
    return answers;
  }

  private async ask(route: ResolvedPartner): Promise<boolean> {
    try {
      await this.herald.reach(route);
      return true;
    } catch (error) {
      return !SILENCE.has(toMeshError(error).code);
    }
  }
}
