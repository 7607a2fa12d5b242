import { describe, expect, it } from 'vitest';
import type { BenchResult } from '../../bench/bench-result.js';
import { chart } from '../../bench/chart.js';
import type { Machine } from '../../bench/machine.js';
import type { RowData, Section } from '../../bench/section.js';

const MACHINE: Machine = {
  date: '2026-01-31',
  node: 'v20.0.0',
  system: 'Linux 6',
  cpu: 'Some <CPU> & more',
  cores: 2,
  memoryGib: 8,
  pinning: 'pinned',
  rounds: 5,
  seconds: 1,
  warmUpSeconds: 3,
};

function figuresOf(name: string, median: number) {
  return { name, median, min: median / 2, max: median * 2, clientCpu: 1, serverCpu: 1 };
}

function resultOf(row: Pick<RowData, 'unit' | 'better' | 'concurrency'>, medians: Record<string, number>): BenchResult {
  const peers = Object.keys(medians).map((name) => {
    return { name, about: '', library: name === 'mesh' ? 'nestjs-mesh' : 'node', version: '1' };
  });
  const figures = Object.entries(medians).map(([name, median]) => figuresOf(name, median));
  const rows: RowData[] = [{ name: 'row', kind: 'rate', bytes: 128, ...row, peers: figures }];
  const section: Section = {
    name: 'rpc',
    machine: MACHINE,
    markdown: '',
    judgements: [],
    table: { peers, skipped: [], rows, rounds: {} },
  };
  return { sections: [section] };
}

const RATE = { unit: 'calls/s', better: 'more', concurrency: 64 } as const;
const TIME = { unit: 'p50 µs', better: 'less', concurrency: 1 } as const;

function drawing(result: BenchResult): string {
  const svg = chart(result);
  if (svg === undefined) throw new Error('nothing was drawn');
  return svg;
}

/** The names in the order in which they are drawn. */
function names(svg: string): string[] {
  return [...svg.matchAll(/class="name[^"]*">([^<]*)</g)].map(([, name = '']) => name);
}

/** The widths of the bars, by class. */
function bars(svg: string): [string, number][] {
  return [...svg.matchAll(/<rect class="(bar|own)" .*?width="([\d.]+)"/g)].map(([, kind = '', width]) => [
    kind,
    Number(width),
  ]);
}

describe('chart of the bench', () => {
  it('shows the best first', () => {
    expect(names(drawing(resultOf(RATE, { slow: 10, fast: 1_000, mesh: 100 })))).toEqual(['fast', 'mesh', 'slow']);
    expect(names(drawing(resultOf(TIME, { slow: 1_000, fast: 10, mesh: 100 })))).toEqual(['fast', 'mesh', 'slow']);
  });

  it('is logarithmic, and has our own bars stand out', () => {
    const drawn = bars(drawing(resultOf(RATE, { fast: 10_000, mesh: 1_000, slow: 100 })));
    expect(drawn.map(([kind]) => kind)).toEqual(['bar', 'own', 'bar']);
    const [fast = 0, own = 0, slow = 0] = drawn.map(([, width]) => width);
    expect(fast - own).toBeCloseTo(own - slow, 0);
    expect(slow).toBeGreaterThan(0);
  });

  it('says where it was measured, escaped', () => {
    const svg = drawing(resultOf(RATE, { mesh: 10 }));
    expect(svg).toContain('2026-01-31, Node v20.0.0, Some &lt;CPU> &amp; more, 2 cores');
    expect(svg).toContain('prefers-color-scheme: dark');
  });

  it('leaves out what was not measured, and does not draw nothing', () => {
    expect(drawing(resultOf(RATE, { mesh: 10 })).match(/class="heading"/g)).toHaveLength(1);
    expect(chart({ sections: [] })).toBeUndefined();
  });
});
