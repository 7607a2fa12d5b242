export { MemoryNetwork } from '../transport/memory/memory-network.js';
export { MemoryTransport } from '../transport/memory/memory-transport.js';
export {
  type Fault,
  type FaultPlan,
  faultsAtRandom,
  type FaultShares,
  faultsInTurn,
  type PlannedCall,
} from './fault-plan.js';
export { FaultyTransport } from './faulty-transport.js';
export { stubClient } from './stub-client.js';
