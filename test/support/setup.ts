// Decorator metadata must be there before the first decorated class is loaded.
import 'reflect-metadata';
import { setTimeout as realSetTimeout } from 'node:timers';
import { afterAll, expect, vi } from 'vitest';

// Files of most kinds share a process, one after the other: each is to leave it as it was.
const env = { ...process.env };

afterAll(() => {
  vi.restoreAllMocks();
  expect(setTimeout, 'time is left to be real').toBe(realSetTimeout);
  expect(process.env, 'the environment is left as it was').toEqual(env);
});
