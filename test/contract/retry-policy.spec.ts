import { resolveMeshOptions } from '../../lib/options/resolve-options.js';
import { BackoffRetryPolicy } from '../../lib/resilience/backoff/backoff-retry-policy.js';
import { retryPolicyContract } from './retry-policy.contract.js';

retryPolicyContract('backoff', () => new BackoffRetryPolicy(resolveMeshOptions({}, {})));
retryPolicyContract('backoff without a first delay', () => {
  return new BackoffRetryPolicy(resolveMeshOptions({ retry: { minDelayMs: 0, maxDelayMs: 0 } }, {}));
});
