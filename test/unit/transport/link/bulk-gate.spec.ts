import { describe, expect, it } from 'vitest';
import { BulkGate } from '../../../../lib/transport/link/bulk-gate.js';

describe('BulkGate', () => {
  it('lets so much be under way, and the rest in order as there is room', () => {
    const gate = new BulkGate(100);
    const started: number[] = [];
    for (const bytes of [60, 50, 10, 30]) gate.pass(bytes, () => started.push(bytes));
    expect(started).toEqual([60]);
    expect(gate.release(60)).toBe(true);
    expect(started).toEqual([60, 50, 10, 30]);
  });

  it('lets one message alone be under way, whatever its size', () => {
    const gate = new BulkGate(100);
    const started: number[] = [];
    gate.pass(1_000, () => started.push(1_000));
    gate.pass(1, () => started.push(1));
    expect(started).toEqual([1_000]);
    gate.release(1_000);
    expect(started).toEqual([1_000, 1]);
  });

  it('forgets what is taken back before it started', () => {
    const gate = new BulkGate(10);
    const started: string[] = [];
    gate.pass(10, () => started.push('first'));
    const takeBack = gate.pass(10, () => started.push('second'));
    gate.pass(10, () => started.push('third'));
    takeBack();
    gate.release(10);
    expect(started).toEqual(['first', 'third']);
  });

  it('lets those go on who waited behind what is taken back', () => {
    const gate = new BulkGate(100);
    const started: number[] = [];
    gate.pass(60, () => started.push(60));
    const takeBack = gate.pass(50, () => started.push(50));
    gate.pass(10, () => started.push(10));
    takeBack();
    expect(started).toEqual([60, 10]);
    takeBack();
    expect(started).toEqual([60, 10]);
  });

  it('says when more is released than was under way', () => {
    const gate = new BulkGate(10);
    gate.pass(10, () => undefined);
    expect(gate.release(11)).toBe(false);
    expect(gate.release(10)).toBe(true);
  });
});
